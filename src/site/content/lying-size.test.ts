import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import type { BlobSource, WantedBlob } from '../../model/content.ts';
import { createContentStore, type RunningContentStore } from './store.ts';
import { createFakeSource } from './testing/fake-source.ts';
import { createLogRecorder, digestOf, HurriedClock, halfRandom } from './testing/fixtures.ts';

const bytes = new Uint8Array(5_000).fill(7);
const digest = digestOf(bytes);
let folder: string;
let store: RunningContentStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-size-'));
  const log = createLogRecorder();
  store = await createContentStore({
    ...{ settings: { dataDir: folder }, clock: new HurriedClock(), random: halfRandom, log },
  });
});
afterEach(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

const wanted = (sizeBytes: number, source: BlobSource): WantedBlob => ({
  ...{ digest, name: 'layer', sizeBytes, sources: [source], priority: 'client' },
});

test('a manifest that says a wrong size spoils the blob for nobody else who asks meanwhile', async () => {
  const { promise: isRefused, resolve: refuse } = Promise.withResolvers<void>();
  const liar: BlobSource = {
    label: 'liar',
    deliver: async () => {
      await isRefused;
      throw new AppError('image-unknown', 'has no such blob');
    },
  };
  const first = store.follow(wanted(17, liar)).catch(() => undefined);
  const second = store.follow(wanted(bytes.length, createFakeSource('honest', bytes, [])));
  refuse();
  const asset = await second;
  expect(asset.sizeBytes).toBe(bytes.length);
  await asset.close();
  await (await first)?.close();
});
