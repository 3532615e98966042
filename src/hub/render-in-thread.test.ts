import { afterEach, expect, test } from 'vitest';
import { retailFiles } from '../../test/support/sample-fleet.ts';
import { contentOf } from '../../test/support/sample-push.ts';
import { SampleClock } from '../../test/support/sample-site.ts';
import { sha256 } from '../../test/support/sample-template.ts';
import type { FleetRendering } from '../model/fleet/fleet-renderer.ts';
import { formatArchive } from '../wire/api/pushes.ts';
import { createRenderer } from './render-in-thread.ts';

const clock = new SampleClock();
const opened: FleetRendering[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((rendering) => rendering.close()));
});

async function open(files = retailFiles()): Promise<FleetRendering> {
  const rendering = await createRenderer(clock).open(formatArchive(files));
  if (!rendering.ok) throw new Error(rendering.error);
  opened.push(rendering.value);
  return rendering.value;
}

test('renders in a thread what is rendered here, one site after the other', async () => {
  const rendering = await open();
  expect(rendering.labels).toMatchObject({ 'store-0901': { region: 'us' } });
  const rendered = await rendering.render('store-0417');
  expect(rendered.ok && sha256(rendered.value)).toBe(contentOf('store-0417'));
  expect(await rendering.render('store-0000')).toEqual({
    ok: false,
    error: expect.stringContaining('no site "store-0000"'),
  });
  expect(await rendering.render('store-0901')).toMatchObject({ ok: true });
  expect(clock.timers).toBe(0);
});

test('sources that are none say so, and one that takes too long is given up', async () => {
  expect(await createRenderer(clock).open('{}')).toMatchObject({ ok: false });
  const rendering = await open();
  const slow = rendering.render('store-0417');
  clock.pass(30_000);
  expect(await slow).toEqual({ ok: false, error: expect.stringContaining('longer than 30 s') });
});

test('a thread that has ended answers nothing, and says so', async () => {
  const rendering = await open();
  await rendering.close();
  await expect(rendering.render('store-0417')).rejects.toMatchObject({ code: 'internal' });
});
