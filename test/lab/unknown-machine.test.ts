import { afterAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { type MacAddress, parseMac } from '../../src/kernel/mac.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDemoSystem } from '../../src/lab/demo-site.ts';
import type { SiteNodes } from '../../src/wire/api/views.ts';
import { EMPTY_DISK, LabRun } from './support/lab-machine.ts';

describe('a machine that no slot expects', () => {
  const run = new LabRun('unknown');
  afterAll(() => run.end());

  it('is held with a code on its screen, and goes on with its own disk when its time is over, also without the site', async () => {
    const system = await prepareDemoSystem(labCacheDir(), () => undefined);
    const other = parseMac('52:54:00:5b:00:99') as MacAddress;
    await run.startSite(await demoSite(system, { mac: other }, `${import.meta.dirname}/support/hold.yaml`));
    const machine = await run.switchOn('bios', system.memoryMb);
    await run.waitForEvent('held', ({ type }) => type === 'machine-held', 120_000);
    const { machines } = await askSite<SiteNodes>(run.site.socket, '/api/v1/nodes');
    const code = machines[0]?.code ?? 'no code';
    expect(machines).toMatchObject([{ held: true, serial: 'LAB-0002' }]);
    expect(await machine.console.waitFor(new RegExp(code), 30_000)).toContain(code);
    await run.site.stop('SIGKILL');
    await machine.console.waitFor(/local disk/i, 90_000);
    // An empty disk: the firmware says that there is nothing to boot, which it only does after it looked.
    await machine.console.waitFor(EMPTY_DISK.bios, 90_000);
  });
});
