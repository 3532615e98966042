import { afterAll, describe, it } from 'vitest';
import type { FirmwareName } from '../../src/lab/firmware.ts';
import { WorldLab } from '../lab/support/world-lab.ts';
import { WORLDS, type World, type WorldName } from '../lab/support/worlds.ts';

const WITH_IPXE = ['bios', 'uefi', 'uefi-http'] as const satisfies readonly FirmwareName[];
const WITH_GRUB = ['uefi-secure', 'arm64', 'arm64-secure'] as const satisfies readonly FirmwareName[];

const names = Object.keys(WORLDS) as WorldName[];
/** GRUB asks the server that leased its address for its script, so beside another one there is no loader for them. */
const own = names.filter((name) => (WORLDS[name] as World).server === undefined);
const cells = [
  ...WITH_IPXE.flatMap((firmware) => names.map((world) => ({ firmware, world }))),
  ...WITH_GRUB.flatMap((firmware) => own.map((world) => ({ firmware, world }))),
];

/** Every firmware in every world in which there is a loader for it: what the lab tier samples. */
describe.each(cells)('$firmware, $world', ({ firmware, world }) => {
  const lab = new WorldLab(world, firmware, 'matrix');
  afterAll(() => lab.end());

  it('boots to enrolled', () => lab.bootsToEnrolled(280_000));
});
