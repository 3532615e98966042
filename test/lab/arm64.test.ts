import { afterAll, describe, expect, it } from 'vitest';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareArm64System } from '../../src/lab/demo-site.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

describe('an arm64 machine', () => {
  const run = new LabRun('arm64');
  afterAll(() => run.end());

  it('boots by GRUB, with a kernel by TFTP, to enrolled', async () => {
    const system = await prepareArm64System(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }, `${import.meta.dirname}/support/arm64.yaml`));
    const machine = await run.switchOn('arm64', system.memoryMb);
    await machine.console.waitFor(/Welcome to GRUB/, 90_000);
    await machine.console.waitFor(/SLIPWAY-GUEST: linux is up: .*arm64/, 120_000);
    const event = await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 120_000);
    expect(event.slot).toBe('till-1');
    const stages = run.events.filter(({ type }) => type === 'boot-stage').map(({ data }) => data?.['stage']);
    expect(stages).toEqual(expect.arrayContaining(['loader', 'script', 'kernel', 'done']));
  });
});
