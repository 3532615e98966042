import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FillPriority } from '../../model/content.ts';
import { createContentStore, type RunningContentStore } from './store.ts';
import { assetOf, createLogRecorder, halfRandom, ManualClock } from './testing/fixtures.ts';

const TEXT = 'kernel'.repeat(50_000);

let folder: string;
let web: Server;
let store: RunningContentStore;
let taken: { readonly bytes: number; readonly priority: FillPriority }[];
let line: PromiseWithResolvers<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-line-'));
  taken = [];
  line = Promise.withResolvers();
  web = createServer((_, response) => response.end(TEXT));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  store = await createContentStore({
    settings: { dataDir: join(folder, 'data') },
    wan: {
      take: (bytes, priority) => {
        taken.push({ bytes, priority });
        return line.promise;
      },
    },
    ...{ clock: new ManualClock(), random: halfRandom, log: createLogRecorder() },
  });
});
afterEach(async () => {
  await store.stop();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await rm(folder, { recursive: true });
});

test('what the template has from a server takes its turn on the line that all downloads share, before images do', async () => {
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/kernel`;
  const asset = assetOf(TEXT, { kind: 'url', url });
  const fetched = store.ensure(asset);
  await expect.poll(() => taken.length).toBe(1);
  expect([store.stateOf(asset.digest), store.fills()]).toEqual([
    { kind: 'filling', bytesDone: 0, sizeBytes: TEXT.length },
    1,
  ]);
  line.resolve();
  await fetched;
  expect(taken.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(TEXT.length);
  expect(new Set(taken.map(({ priority }) => priority))).toEqual(new Set(['boot']));
  expect(store.fills()).toBe(0);
});

test('a file of this machine does not', async () => {
  const path = import.meta.filename;
  await expect(store.ensure(assetOf(TEXT, { kind: 'file', path }))).rejects.toThrow('sha256');
  expect(taken).toEqual([]);
});
