import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ContentNews } from '../../model/content.ts';
import { hashInThread } from './hash-in-thread.ts';
import type { RunningContentStore } from './settings.ts';
import { createContentStore } from './store.ts';
import { createFakeSource } from './testing/fake-source.ts';
import { createLogRecorder, digestOf, halfRandom, ManualClock } from './testing/fixtures.ts';

const bytesOf = (name: string) => new TextEncoder().encode(`the file ${name}`);
const digest = (name: string) => digestOf(bytesOf(name));
const NAMES = ['a', 'b', 'c'];
const DAY_MS = 86_400_000;

let folder: string;
let clock: ManualClock;
let store: RunningContentStore;
let news: ContentNews[];
let hashed: string[];

async function openStore(): Promise<RunningContentStore> {
  const hasher = () => ({
    hash: async (path: string) => {
      hashed.push(path.slice(-64));
      return { hex: digestOf(await readFile(path)) };
    },
    close: () => undefined,
  });
  const settings = { dataDir: folder, reserveBytes: 0 };
  const tell = (one: ContentNews) => void news.push(one);
  return createContentStore({ settings, clock, random: halfRandom, log: createLogRecorder(), tell, hasher });
}
const path = (name: string) => join(folder, 'blobs', 'sha256', digest(name).slice(0, 2), digest(name));
const fetch = (name: string, source = createFakeSource('upstream', bytesOf(name))) =>
  store
    .follow({ digest: digest(name), name, sizeBytes: bytesOf(name).length, sources: [source], priority: 'client' })
    .then(async (asset) => {
      await asset.read(new Uint8Array(99), 0);
      await asset.close();
    });

async function flipBit(name: string): Promise<void> {
  const bytes = await readFile(path(name));
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  await chmod(path(name), 0o644);
  await writeFile(path(name), bytes);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-scrub-'));
  clock = new ManualClock();
  news = [];
  hashed = [];
  store = await openStore();
  for (const name of NAMES) await fetch(name);
  await vi.waitFor(() => expect(NAMES.map((name) => store.stateOf(digest(name)).kind)).not.toContain('filling'));
});
afterEach(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

test('a bit that flipped is found; what is pinned is fetched again at once, and the rest when it is asked for', async () => {
  await store.pin('revision', [digest('a')]);
  const source = createFakeSource('upstream', bytesOf('a'));
  await fetch('a', source);
  await store.ensure({ digest: digest('a'), name: 'a', sources: [] });
  await flipBit('a');
  await flipBit('b');
  expect(await store.scrub()).toEqual({ files: 3, damaged: 2 });
  expect(news.filter(({ kind }) => kind === 'damaged')).toHaveLength(2);
  expect([await readdir(join(folder, 'quarantine')), await store.open(digest('b'))]).toEqual([
    expect.arrayContaining([digest('b')]),
    undefined,
  ]);
  await fetch('a');
  await fetch('b');
  await vi.waitFor(() => expect(news.filter(({ kind }) => kind === 'healed')).toHaveLength(2));
  await vi.waitFor(async () => expect(await readdir(join(folder, 'quarantine'))).toEqual([]));
  expect(await store.scrub()).toEqual({ files: 3, damaged: 0 });
});

test('what was damaged in a former life is healed in this one', async () => {
  await flipBit('a');
  await store.scrub();
  await store.stop();
  store = await openStore();
  await fetch('a');
  await vi.waitFor(() => expect(news.at(-1)).toEqual({ kind: 'healed', digest: digest('a') }));
});

test('a file that is shorter than it was is seen when it is opened', async () => {
  await chmod(path('c'), 0o644);
  await truncate(path('c'), 3);
  expect(await store.open(digest('c'))).toBeUndefined();
  expect(news).toEqual([{ kind: 'damaged', digest: digest('c'), because: 'its file has another size' }]);
});

test('each month all is looked at, and a look that was broken off is gone on with', async () => {
  store.scrubMonthly();
  const pass = async (days: number) => {
    for (let day = 0; day < days; day++) {
      clock.advance(DAY_MS);
      await vi.waitFor(() => expect(clock.pending).toBe(1), { interval: 1 });
    }
  };
  await pass(30);
  expect(hashed).toEqual([]);
  await pass(2);
  expect(hashed).toEqual(NAMES.map(digest).sort());
  await pass(29);
  expect(hashed).toHaveLength(3);
  const [, second = ''] = hashed;
  await writeFile(join(folder, 'scrub.json'), `{"passedAt":${clock.now()},"after":"${second}"}\n`);
  await pass(1);
  expect(hashed.slice(3)).toEqual(hashed.slice(2, 3));
});

test('is not a use: what nobody used for longest still goes first', async () => {
  await utimes(path('a'), 1, 1);
  await store.scrub();
  expect((await stat(path('a'))).mtimeMs).toBe(1000);
});

test('files are read in a thread, no faster than it is told', async () => {
  const hasher = hashInThread(200_000);
  const file = join(folder, 'file');
  await writeFile(file, new Uint8Array(20_000));
  const began = performance.now();
  expect(await hasher.hash(file)).toEqual({ hex: digestOf(new Uint8Array(20_000)) });
  expect(performance.now() - began).toBeGreaterThan(95);
  expect(await hasher.hash(join(folder, 'none'))).toEqual({ errno: 'ENOENT' });
  const broken = hasher.hash(file);
  hasher.close();
  await expect(broken).rejects.toThrow('has ended');
});
