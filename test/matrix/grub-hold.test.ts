import { afterAll, describe, expect, it } from 'vitest';
import { type MacAddress, parseMac } from '../../src/kernel/mac.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareArm64System } from '../../src/lab/demo-site.ts';
import { EMPTY_DISK, LabRun } from '../lab/support/lab-machine.ts';

describe('a machine with GRUB that no slot expects', () => {
  const run = new LabRun('matrix-grub-hold');
  afterAll(() => run.end());

  it('is held with a code on its screen, and goes on with its own disk when its time is over, also without the site', async () => {
    const system = await prepareArm64System(labCacheDir(), () => undefined);
    const other = parseMac('52:54:00:5b:00:99') as MacAddress;
    await run.startSite(await demoSite(system, { mac: other }, `${import.meta.dirname}/../lab/support/arm64.yaml`));
    const machine = await run.switchOn('arm64', system.memoryMb);
    await run.waitForEvent('held', ({ type }) => type === 'machine-held', 120_000);
    await machine.console.waitFor(/\*\*\* [A-Z0-9]{4} \*\*\*/, 30_000);
    await run.site.stop('SIGKILL');
    await machine.console.waitFor(/The time is over\. Going on with the local disk/, 120_000);
    await machine.console.waitFor(/There is no system on the disks of this machine/, 60_000);
    expect(await machine.console.waitFor(EMPTY_DISK.arm64, 60_000)).toContain('UiApp');
  });
});
