import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createContentStore, type RunningContentStore } from './store.ts';
import { createFakeSource } from './testing/fake-source.ts';
import { createLogRecorder, digestOf, halfRandom, ManualClock } from './testing/fixtures.ts';

const FILE_BYTES = 10_000;
const clock = new ManualClock();
const bytesOf = (name: string) => new Uint8Array(FILE_BYTES).fill(name.charCodeAt(0));
const digest = (name: string) => digestOf(bytesOf(name));

let folder: string;
let store: RunningContentStore;
let maxDiskBytes: number | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-room-'));
  maxDiskBytes = 3 * FILE_BYTES;
  const settings = { dataDir: folder, reserveBytes: 0, maxDiskBytes: () => maxDiskBytes };
  store = await createContentStore({ settings, clock, random: halfRandom, log: createLogRecorder() });
});
afterEach(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

const path = (name: string) => join(folder, 'blobs', 'sha256', digest(name).slice(0, 2), digest(name));

/** Fetches a file that was last used so many days ago. */
async function bring(name: string, daysAgo = 0): Promise<void> {
  const sources = [createFakeSource('upstream', bytesOf(name))];
  const wanted = { digest: digest(name), name, sizeBytes: FILE_BYTES, sources, priority: 'prefetch' as const };
  const asset = await store.follow(wanted);
  const into = new Uint8Array(FILE_BYTES);
  for (let position = 0; position < FILE_BYTES; ) position += await asset.read(into, position);
  await asset.close();
  await store.ensure({ digest: digest(name), name, sources: [] });
  const usedAt = clock.now() / 1000 - daysAgo * 86_400;
  await utimes(path(name), usedAt, usedAt);
}
const kinds = (...names: string[]) => names.map((name) => store.stateOf(digest(name)).kind);

test('what nobody has used for longest makes room for what comes, and what is pinned stays', async () => {
  await store.pin('revision', [digest('a')]);
  await bring('a', 9);
  await bring('b', 5);
  await bring('c', 7);
  await bring('d');
  expect(kinds('a', 'b', 'c', 'd')).toEqual(['complete', 'complete', 'absent', 'complete']);
  await expect(stat(path('c'))).rejects.toThrow('ENOENT');
});

test('to be opened is to be used', async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await bring(name, 9 - index);
  await (await store.open(digest('a')))?.close();
  await bring('d');
  expect(kinds('a', 'b', 'c', 'd')).toEqual(['complete', 'absent', 'complete', 'complete']);
});

test('beginnings go first', async () => {
  await bring('a', 9);
  await bring('b', 9);
  await writeFile(join(folder, 'partial', digest('z')), bytesOf('z'));
  await bring('c');
  expect([kinds('a', 'b', 'c'), await readdir(join(folder, 'partial'))]).toEqual([
    ['complete', 'complete', 'complete'],
    [],
  ]);
});

test('where all is pinned nothing more comes, and says so, until more is allowed', async () => {
  await store.pin('revision', ['a', 'b', 'c'].map(digest));
  for (const name of ['a', 'b', 'c']) await bring(name);
  await expect(bring('d')).rejects.toMatchObject({ code: 'disk-full' });
  expect(kinds('a', 'b', 'c')).toEqual(['complete', 'complete', 'complete']);
  maxDiskBytes = undefined;
  await bring('d');
});

test('what belongs together goes together, and who knows it hears of it', async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await bring(name, [9, 1, 5][index]);
  const gone: ReadonlySet<string>[] = [];
  store.group({
    groups: () => [{ head: digest('a'), parts: [digest('b')], leadsTo: [] }],
    onGone: (digests) => void gone.push(digests),
  });
  await bring('d');
  expect([kinds('a', 'b', 'c', 'd'), gone]).toEqual([
    ['absent', 'absent', 'complete', 'complete'],
    [new Set([digest('a'), digest('b')])],
  ]);
});
