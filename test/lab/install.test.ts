import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareInstaller } from '../../src/lab/demo-site.ts';
import type { FirmwareName } from '../../src/lab/firmware.ts';
import type { Machine } from '../../src/lab/qemu.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

const MEMORY_MB = 512;
/** What firmware says of a disk without a system, after it looked. */
const EMPTY_DISK = {
  bios: /No bootable device|Boot failed|Operating system not found/i,
  uefi: /BdsDxe: failed to (load|start) Boot\d+ "UEFI Misc Device"/,
} as const satisfies Record<FirmwareName, RegExp>;

/**
 * UEFI goes through all its boot entries for the network before it comes to the disk, and waits for a minute at each that
 * nobody answers; without a cable it does not. BIOS goes to the disk at once.
 */
async function sentToItsDisk(machine: Machine, because: RegExp): Promise<void> {
  await machine.console.waitFor(because, 90_000);
  await machine.setCable(false);
}

describe.each(['bios', 'uefi'] as const)('an install with %s firmware', (firmware) => {
  const run = new LabRun(`install-${firmware}`);
  beforeAll(async () => {
    const system = await prepareInstaller(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }, `${import.meta.dirname}/support/install.yaml`));
  });
  afterAll(() => run.end());

  it('is not served by a site that is not armed: the machine boots its own disk, which is empty', async () => {
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await sentToItsDisk(machine, /local disk: this site is not armed yet/);
    await machine.console.waitFor(EMPTY_DISK[firmware], 90_000);
    await machine.stop();
    expect(run.installsServed()).toBe(0);
  });

  it('is served once by its order, and ends on the disk', async () => {
    await run.slipway('arm');
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await machine.console.waitFor(/pos INSTALLS on the disk vda .*\(attempt 1 of 3\)/, 90_000);
    await machine.console.waitFor(/SLIPWAY-GUEST: installed till-1/, 90_000);
    await run.waitForEvent('confirmed', ({ type }) => type === 'order-confirmed', 10_000);
    // The machine starts again, and the site sends it to its disk.
    await sentToItsDisk(machine, /local disk: it is installed/);
    await machine.console.waitFor(/SLIPWAY-GUEST: booted from disk/, 90_000);
    await machine.setCable(true);
    await machine.exited;
    expect(run.installsServed()).toBe(1);
    const { boots } = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/till-1');
    expect(boots.map(({ outcome }) => outcome)).toContain('installed');
  });

  it('is over: switched on again, the machine boots its disk', async () => {
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await sentToItsDisk(machine, /local disk: it is installed/);
    await machine.console.waitFor(/SLIPWAY-GUEST: booted from disk/, 90_000);
    await machine.setCable(true);
    await machine.exited;
    expect(run.installsServed()).toBe(1);
    expect(run.events.filter(({ type }) => type === 'order-attempt')).toHaveLength(1);
  });
});
