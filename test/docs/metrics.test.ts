import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createState } from '../../src/model/state.ts';
import type { DownloadFigures } from '../../src/site/image-metrics.ts';
import { createMetrics } from '../../src/site/metrics.ts';
import { createCounters } from '../../src/site/tftp/counters.ts';

const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/operate/metrics.md'), 'utf8');
const none = () => ({});
const IMAGES: DownloadFigures = {
  ...{ sentBytes: 0, fetchedBytes: new Map(), upstreams: [], wanted: [], waiting: 0, fills: 0 },
  line: { month: '', bytes: 0, prefetch: true },
};

it('each metric of a site has a row, and no row is of another', async () => {
  const text = await createMetrics({
    counts: { dhcp: none, tftp: none, http: none, diary: none, signals: none },
    ...{
      state: createState(),
      isReady: () => true,
      outbox: () => undefined,
      revision: () => 1,
      now: () => 0,
      queued: () => 0,
      images: () => IMAGES,
    },
  }).text();
  const made = [...text.matchAll(/^# TYPE (slipway_\w+) (\w+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
  const rows = [...page.matchAll(/^\| `(slipway_\w+)(?:\{\w+\})?` \| (\w+) \| .+ \|$/gm)];
  expect(rows.map(([, name, kind]) => `${name} ${kind}`).sort()).toEqual(made.sort());
});

it('each kind of slipway_tftp_total is named', () => {
  expect(Object.keys(createCounters()).filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});
