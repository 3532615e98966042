import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareInstaller } from '../../src/lab/demo-site.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { EMPTY_DISK, LabRun, TEST_MAC } from './support/lab-machine.ts';

const MEMORY_MB = 512;
/** What its screen says in the middle of an install, when the site is killed. */
const middles = [
  { firmware: 'bios', middle: 'after its secret configuration', says: /fetched user-data/ },
  { firmware: 'uefi', middle: 'while it writes the disk', says: /writing the disk/ },
] as const;

describe.each(middles)('an install with $firmware firmware', ({ firmware, middle, says }) => {
  const run = new LabRun(`install-${firmware}`);
  let config: string;
  beforeAll(async () => {
    const system = await prepareInstaller(labCacheDir(), () => undefined);
    config = await demoSite(system, { mac: TEST_MAC }, `${import.meta.dirname}/support/install.yaml`);
    await run.startSite(config);
  });
  afterAll(() => run.end());

  it('is not served by a site that is not armed: the machine boots its own disk, which is empty', async () => {
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await machine.console.waitFor(/local disk: this site is not armed yet/, 90_000);
    await machine.console.waitFor(EMPTY_DISK[firmware], 90_000);
    await machine.stop();
    expect(run.installsServed()).toBe(0);
    expect(await run.diskWrites()).toBe(0);
  });

  it(`is served once by its order, also if the site is killed ${middle}, and ends on the disk`, async () => {
    await run.slipway('arm');
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await machine.console.waitFor(/pos INSTALLS on the disk vda .*\(attempt 1 of 3\)/, 90_000);
    await machine.console.waitFor(says, 90_000);
    await run.site.stop('SIGKILL');
    await run.startSite(config);
    await machine.console.waitFor(/SLIPWAY-GUEST: installed till-1/, 90_000);
    // The machine starts again, and the site sends it to its disk.
    await machine.console.waitFor(/local disk: it is installed/, 90_000);
    await machine.console.waitFor(/SLIPWAY-GUEST: booted from disk/, 90_000);
    await machine.exited;
    expect(run.installsServed()).toBe(1);
    expect(await run.diskWrites()).toBe(1);
    expect(await run.written('order-attempt', 'till-1')).toHaveLength(1);
    expect(await run.written('order-confirmed', 'till-1')).toHaveLength(1);
    const { node, boots } = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/till-1');
    expect(node).toMatchObject({ state: 'enrolled', binding: 1, install: { because: 'it is installed' } });
    expect(boots.map(({ outcome }) => outcome)).toEqual(['local', 'installed', 'local']);
  });

  it('is over: switched on again, the machine boots its disk', async () => {
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await machine.console.waitFor(/local disk: it is installed/, 90_000);
    await machine.console.waitFor(/SLIPWAY-GUEST: booted from disk/, 90_000);
    await machine.exited;
    expect(run.installsServed()).toBe(1);
    expect(await run.diskWrites()).toBe(1);
    expect(await run.written('order-attempt', 'till-1')).toHaveLength(1);
  });
});
