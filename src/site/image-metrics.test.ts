import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { TestClock } from '../../test/packets/ports.ts';
import type { Digest } from '../kernel/digest.ts';
import type { UpstreamName } from '../kernel/image-name.ts';
import { parseImageReference } from '../kernel/image-name.ts';
import type { ImageState, WantedImage } from '../model/images.ts';
import { addImageMetrics, type DownloadFigures } from './image-metrics.ts';
import { createImageMeter } from './registry/meter.ts';

const HUB = 'registry.test' as UpstreamName;
const digestOf = (index: number): Digest => index.toString(16).padStart(64, '0') as Digest;

function wanted(name: string, state: ImageState): DownloadFigures['wanted'][number] {
  const image = parseImageReference(`registry.test/pos/${name}:1`);
  if (!image) throw new Error('no image');
  const wants: WantedImage = { name, image, platforms: [], referrers: true };
  return { image: wants, by: 'revision', state, isFetching: false };
}

async function scrape(change: Partial<DownloadFigures>): Promise<string[]> {
  const registry = new Registry();
  const figures: DownloadFigures = {
    ...{ sentBytes: 0, fetchedBytes: new Map(), upstreams: [], wanted: [], waiting: 0, fills: 0 },
    ...{ line: { month: '2026-11', bytes: 7, prefetch: true } },
    ...change,
  };
  addImageMetrics(registry, () => figures);
  return (await registry.metrics()).split('\n');
}

it('what was spared is what went out less what came in', async () => {
  const lines = await scrape({ sentBytes: 500, fetchedBytes: new Map([[HUB, 120]]) });
  expect(lines).toContain('slipway_images_sent_bytes_total 500');
  expect(lines).toContain('slipway_images_fetched_bytes_total{upstream="registry.test"} 120');
  expect(lines).toContain('slipway_images_saved_bytes 380');
});

it('a wanted image is ready only when all of it is here', async () => {
  const lines = await scrape({
    wanted: [
      wanted('whole', { kind: 'complete', sizeBytes: 10 }),
      wanted('nearly', { kind: 'partial', doneBytes: 1_000, sizeBytes: 1_000 }),
      wanted('half', { kind: 'partial', doneBytes: 5, sizeBytes: 10 }),
      wanted('broken', { kind: 'failed', because: 'x' }),
      wanted('new', { kind: 'waiting' }),
    ],
  });
  const ready = lines.filter((line) => line.startsWith('slipway_image_ready{'));
  expect(ready.map((line) => line.split(' ')[1])).toEqual(['1', '0.99', '0.5', '0', '0']);
});

it('a line that nothing limits says so, and a registry that is away too', async () => {
  const upstreams = [{ name: HUB, isAway: true }];
  expect(await scrape({ upstreams })).toEqual(
    expect.arrayContaining(['slipway_wan_rate_bytes +Inf', 'slipway_images_upstream_away{upstream="registry.test"} 1']),
  );
  const line = { month: '2026-11', bytes: 7, prefetch: true, bytesPerSecond: 125_000 };
  expect(await scrape({ line })).toEqual(
    expect.arrayContaining(['slipway_wan_rate_bytes 125000', 'slipway_wan_month_bytes 7']),
  );
});

it('a meter counts each byte once, the wait for the first alone, and the last thousand digests', async () => {
  const clock = new TestClock();
  const waits: unknown[] = [];
  const meter = createImageMeter({ clock, onFirstByte: (...wait) => waits.push(wait) });
  const { onSent } = meter.answer();
  await clock.pass(250);
  onSent(10, false);
  await clock.pass(1_000);
  onSent(30, false);
  expect([meter.sentBytes, waits]).toEqual([30, [[0.25, false]]]);
  for (let i = 0; i < 1_100; i++) meter.fetched(HUB, digestOf(i), 2);
  meter.fetched(HUB, digestOf(1_099), 2);
  expect([meter.fetchedBytes.get(HUB), meter.fetchedDigests.size]).toEqual([2_202, 1_000]);
  expect([meter.fetchedDigests.get(digestOf(1_099)), meter.fetchedDigests.get(digestOf(0))]).toEqual([4, undefined]);
});
