import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDebianSystem } from '../../src/lab/demo-site.ts';
import type { Machine } from '../../src/lab/qemu.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { LabRun, TEST_MAC } from './support/lab-machine.ts';

/** Debian's own cloud-init 22.4, nobody's imitation, takes its whole configuration from the site. */
describe('real cloud-init', () => {
  const run = new LabRun('cloud-init');
  let machine: Machine;
  afterAll(() => run.end());

  beforeAll(async () => {
    const system = await prepareDebianSystem(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }, join(import.meta.dirname, 'support/cloud.yaml')));
    machine = await run.switchOn('bios', system.memoryMb);
    await run.waitForEvent('enrolled', (event) => event.type === 'node-enrolled', 240_000);
  });

  it('sets the host name from meta-data and runs the command of user-data', async () => {
    const line = await machine.console.waitFor(/user-data ran on/, 60_000);
    expect(line).toContain(`user-data ran on till-1 for ${TEST_MAC}`);
  });

  it('phones home, by which the node is enrolled', async () => {
    const detail = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/till-1');
    expect(detail.node).toMatchObject({
      state: 'enrolled',
      binding: 1,
      machine: { address: '10.77.0.21', serial: 'LAB-0002' },
    });
    expect(detail.boots.map(({ outcome }) => outcome)).toEqual(['live']);
  });

  it('fetches the files that its version asks for', () => {
    const fetched = [...run.log().matchAll(/"document":"([a-z-]+)"/g)].map(([, name]) => name);
    expect(new Set(fetched)).toEqual(new Set(['meta-data', 'user-data', 'vendor-data']));
  });

  it('reports its steps over the webhook of vendor-data', async () => {
    const event = await run.waitForEvent(
      'final stage',
      ({ type, sentence }) => type === 'node-reported' && /final/.test(sentence),
      60_000,
    );
    expect(event.slot).toBe('till-1');
  });
});
