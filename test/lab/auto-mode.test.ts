import { afterAll, describe, it } from 'vitest';
import { WorldLab } from './support/world-lab.ts';

describe.each(['auto beside dnsmasq', 'auto alone'] as const)('%s', (world) => {
  const lab = new WorldLab(world, 'bios', 'auto');
  afterAll(() => lab.end());

  it('finds out whether to lease, keeps to it, and boots the machine', () => lab.bootsToEnrolled(150_000));
});
