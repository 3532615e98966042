import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareDebianSystem, prepareDemoSystem } from '../../src/lab/demo-site.ts';
import { DEMO_FIRMWARES } from '../../src/lab/firmware.ts';
import { LabRun, TEST_MAC } from '../lab/support/lab-machine.ts';

const systems = {
  busybox: { prepare: prepareDemoSystem, template: undefined },
  debian: { prepare: prepareDebianSystem, template: join(import.meta.dirname, '../lab/support/cloud.yaml') },
} as const;
const cells = DEMO_FIRMWARES.flatMap((firmware) =>
  Object.entries(systems).map(([name, system]) => ({ firmware, name, ...system })),
);

/** Every firmware that iPXE drives, with every system: what the lab tier samples. */
describe.each(cells)('the cell $firmware, $name', ({ firmware, name, prepare, template }) => {
  const run = new LabRun(`matrix-${firmware}-${name}`);
  afterAll(() => run.end());

  it('boots to enrolled', async () => {
    const system = await prepare(labCacheDir(), () => undefined);
    await run.startSite(await demoSite(system, { mac: TEST_MAC }, template));
    await run.switchOn(firmware, system.memoryMb);
    const event = await run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', 280_000);
    expect(event.slot).toBeTruthy();
  });
});
