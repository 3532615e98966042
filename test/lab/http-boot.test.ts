import { afterAll, describe, expect, it } from 'vitest';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDemoSystem } from '../../src/lab/demo-site.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

describe('UEFI HTTP boot', () => {
  const run = new LabRun('http-boot');
  afterAll(() => run.end());

  it('goes from the address of a loader to enrolled, without TFTP', async () => {
    const system = await prepareDemoSystem(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }));
    await run.switchOn('uefi-http', system.memoryMb);
    await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 240_000);
    const stages = run.events.flatMap(({ type, data }) => (type === 'boot-stage' ? [data?.['stage']] : []));
    expect(stages).toEqual(['loader', 'script', 'kernel', 'os', 'configured', 'done']);
    const sent = lines(run.log()).filter(({ msg }) => msg === 'file sent');
    expect(sent[0]).toMatchObject({ mac: TEST_MAC, file: 'snponly.efi' });
    expect(run.log()).not.toContain('TFTP transfer');
  });
});

function lines(log: string): Record<string, unknown>[] {
  return log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
}
