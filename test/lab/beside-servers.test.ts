import { afterAll, describe, it } from 'vitest';
import { WorldLab } from './support/world-lab.ts';

/** All other cells are in the matrix. */
const CELLS = [
  { firmware: 'bios', world: 'proxy beside dnsmasq' },
  { firmware: 'uefi', world: 'proxy beside kea' },
] as const;

describe.each(CELLS)('$firmware, $world', ({ firmware, world }) => {
  const lab = new WorldLab(world, firmware, 'beside');
  afterAll(() => lab.end());

  it('has its address from the other server and boots from the site', () => lab.bootsToEnrolled(150_000));
});
