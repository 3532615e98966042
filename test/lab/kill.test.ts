import { afterAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDemoSystem } from '../../src/lab/demo-site.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

describe('kill -9 of the site while a machine boots', () => {
  const run = new LabRun('kill');
  afterAll(() => run.end());

  it('costs nothing: the same boot goes on, with the same lease, to enrolled', async () => {
    const system = await prepareDemoSystem(labCacheDir(), () => undefined);
    const config = await demoSite(system, { mac: TEST_MAC });
    await run.startSite(config);
    const machine = await run.switchOn('uefi', system.memoryMb);
    // The loader has come; iPXE is about to ask for an address and its script.
    const leased = await run.waitForEvent('lease', ({ type }) => type === 'lease-granted', 120_000);
    await run.waitForEvent(
      'loader',
      ({ type, data }) => type === 'boot-stage' && data?.['stage'] === 'loader',
      120_000,
    );
    await run.site.stop('SIGKILL');
    await run.startSite(config);
    await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 180_000);
    await machine.console.waitFor(/SLIPWAY-GUEST: configured node-1/, 60_000);

    const { node, boots } = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/node-1');
    expect(boots).toHaveLength(1);
    expect(boots[0]?.stages.map(({ stage }) => stage)).toEqual([
      'seen',
      'loader',
      'script',
      'kernel',
      'os',
      'configured',
      'done',
    ]);
    expect(node).toMatchObject({ state: 'enrolled', binding: 1 });
    expect(leased.sentence).toContain(node?.machine?.address);
    expect(run.events.filter(({ type }) => type === 'lease-granted' || type === 'lease-moved')).toHaveLength(1);
  });

  it('keeps the enrolment over another kill', async () => {
    const before = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/node-1');
    await run.site.stop('SIGKILL');
    await run.startSite(await demoSite(await prepareDemoSystem(labCacheDir(), () => undefined), { mac: TEST_MAC }));
    const after = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/node-1');
    expect(after.boots).toEqual(before.boots);
    expect(after.node).toMatchObject({
      state: 'enrolled',
      binding: 1,
      machine: { address: before.node?.machine?.address },
    });
  });
});
