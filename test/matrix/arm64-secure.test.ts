import { afterAll, describe, expect, it } from 'vitest';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareArm64System } from '../../src/lab/demo-site.ts';
import { LabRun, TEST_MAC } from '../lab/support/lab-machine.ts';

describe('an arm64 machine that enforces Secure Boot', () => {
  const run = new LabRun('matrix-arm64-secure');
  afterAll(() => run.end());

  it('refuses a GRUB that Microsoft has not signed, and from the next power-on boots by shim', async () => {
    const system = await prepareArm64System(labCacheDir(), () => undefined);
    const template = `${import.meta.dirname}/../lab/support/arm64.yaml`;
    await run.startSite(await demoSite(system, { mac: TEST_MAC }, template));
    const first = await run.switchOn('arm64-secure', system.memoryMb);
    await first.console.waitFor(/BdsDxe: failed to load Boot\d+ "UEFI PXEv4/, 120_000);
    await first.stop();
    const machine = await run.switchOn('arm64-secure', system.memoryMb);
    await machine.console.waitFor(/Secure boot enabled|Secure Boot is enabled/i, 240_000);
    const event = await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 120_000);
    expect(event.slot).toBe('till-1');
  });
});
