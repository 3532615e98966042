import { afterAll, describe, expect, it } from 'vitest';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDemoSystem } from '../../src/lab/demo-site.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

describe('a PC that enforces Secure Boot', () => {
  const run = new LabRun('secure-boot');
  afterAll(() => run.end());

  it('refuses iPXE once, and from the next power-on boots by shim and GRUB, whose kernel says that it is enabled', async () => {
    const system = await prepareDemoSystem(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }));
    const first = await run.switchOn('uefi-secure', system.memoryMb);
    // "Access Denied", but the screen ends before that.
    await first.console.waitFor(/BdsDxe: failed to load Boot\d+ "UEFI PXEv4/, 90_000);
    await first.stop();
    const machine = await run.switchOn('uefi-secure', system.memoryMb);
    await machine.console.waitFor(/Welcome to GRUB/, 90_000);
    await machine.console.waitFor(/This machine: Slipway Lab Virtual Node, serial LAB-0002, MAC/, 30_000);
    await machine.console.waitFor(/Secure boot enabled|Secure Boot is enabled/i, 60_000);
    const event = await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 120_000);
    expect(event.slot).toBe('node-1');
  });
});
