import { randomFillSync } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BlobSource, FillPriority, OpenAsset } from '../../model/content.ts';
import { createContentStore, type RunningContentStore } from './store.ts';
import { createFakeSource, type FakeAnswer } from './testing/fake-source.ts';
import { createLogRecorder, digestOf, halfRandom, ManualClock } from './testing/fixtures.ts';

const MIB = 1024 * 1024;
const HELD_BACK = 64 * 1024;
const bytes = randomFillSync(new Uint8Array(6 * MIB + 77));
const digest = digestOf(bytes);

let folder: string;
let clock: ManualClock;
let store: RunningContentStore;
let maxDiskBytes: number | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-passing-'));
  clock = new ManualClock();
  maxDiskBytes = 1;
  const settings = { dataDir: folder, reserveBytes: 0, maxDiskBytes: () => maxDiskBytes };
  store = await createContentStore({ settings, clock, random: halfRandom, log: createLogRecorder() });
});
afterEach(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

const follow = (sources: readonly BlobSource[], priority: FillPriority = 'client'): Promise<OpenAsset> =>
  store.follow({ digest, name: 'layer', sizeBytes: bytes.length, sources, priority });
const source = (answers: readonly FakeAnswer[] = []) => createFakeSource('upstream', bytes, answers);

/** Reads on from `from` to the end, or to where it is cut. */
async function readOn(asset: OpenAsset, from = 0): Promise<{ readonly got: Uint8Array; readonly cut?: Error }> {
  const got = bytes.slice().fill(0, from);
  for (let position = from; position < got.length; ) {
    try {
      position += await asset.read(got.subarray(position, position + 200_000), position);
    } catch (cut) {
      await asset.close();
      return { got: got.subarray(0, position), cut: cut as Error };
    }
  }
  await asset.close();
  return { got };
}
const whole = async (asset: OpenAsset) => digestOf((await readOn(asset)).got);

describe('where the disk has no room, a file', () => {
  test('goes to all who wait for it, from one delivery, and nothing of it stays', async () => {
    const upstream = source();
    const readers = await Promise.all([follow([upstream]), follow([upstream]), follow([upstream])]);
    expect(await Promise.all(readers.map(whole))).toEqual([digest, digest, digest]);
    expect([upstream.asked, upstream.bytesSent, await readdir(join(folder, 'partial'))]).toEqual([
      [0],
      bytes.length,
      [],
    ]);
    expect(store.stateOf(digest)).toMatchObject({ kind: 'failed', because: expect.stringMatching(/MiB are free/) });
  });

  test('is kept once there is room again', async () => {
    await whole(await follow([source()]));
    maxDiskBytes = undefined;
    expect(await whole(await follow([source()]))).toBe(digest);
    await vi.waitFor(() => expect(store.stateOf(digest).kind).toBe('complete'));
  });

  test('is gone on with where its source was cut off, and where the disk became full in the middle', async () => {
    maxDiskBytes = undefined;
    const upstream = source([{ cutAfter: 3 * MIB }, { cutAfter: 2 * MIB }, {}]);
    const early = await follow([upstream]);
    const first = new Uint8Array(1000);
    await early.read(first, 0);
    await vi.waitFor(() => expect(store.stateOf(digest)).toMatchObject({ bytesDone: 3 * MIB }));
    maxDiskBytes = 1;
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
    clock.advance(15_000);
    const reading = readOn(early, 1000);
    const other = whole(await follow([]));
    const pushed = setInterval(() => clock.advance(1_000), 5);
    const { got } = await reading;
    got.set(first);
    expect([digestOf(got), await other]).toEqual([digest, digest]);
    clearInterval(pushed);
    expect([upstream.asked, upstream.bytesSent]).toEqual([[0, 3 * MIB, 5 * MIB], bytes.length]);
  });

  test('never looks whole when it is wrong', async () => {
    const { got, cut } = await readOn(await follow([source([{ flips: bytes.length - 1 }])]));
    expect([got.length, cut]).toEqual([
      bytes.length - HELD_BACK,
      expect.objectContaining({ code: 'asset-wrong-digest' }),
    ]);
  });

  test('comes once more for who comes when its beginning has passed, after that and not beside it', async () => {
    const gate = Promise.withResolvers<void>();
    const upstream = source([{ gate: { at: 4 * MIB, open: gate.promise } }, {}]);
    const early = readOn(await follow([upstream]));
    await vi.waitFor(() => expect(upstream.bytesSent).toBe(4 * MIB));
    const late = Promise.all([follow([upstream]), follow([upstream])]);
    expect(upstream.asked).toEqual([0]);
    gate.resolve();
    expect(digestOf((await early).got)).toBe(digest);
    expect(await Promise.all((await late).map(whole))).toEqual([digest, digest]);
    expect([upstream.asked, upstream.most]).toEqual([[0, 0], 1]);
  });

  test('comes beside it when that takes too long', async () => {
    const gate = Promise.withResolvers<void>();
    const upstream = source([{ gate: { at: 4 * MIB, open: gate.promise } }, {}]);
    const early = readOn(await follow([upstream]));
    await vi.waitFor(() => expect(upstream.bytesSent).toBe(4 * MIB));
    const late = Promise.all([follow([upstream]), follow([upstream])]);
    await vi.waitFor(() => expect(clock.pending).toBe(2));
    clock.advance(15_000);
    expect(await Promise.all((await late).map(whole))).toEqual([digest, digest]);
    expect(upstream.asked).toEqual([0, 0]);
    gate.resolve();
    expect(digestOf((await early).got)).toBe(digest);
  });

  test('waits for a slow reader, but not for one that stands still while another one waits', async () => {
    const upstream = source();
    const still = await follow([upstream]);
    await still.read(new Uint8Array(10), 0);
    await vi.waitFor(() => expect(upstream.bytesSent).toBeGreaterThan(MIB));
    clock.advance(60_000);
    expect(upstream.bytesSent).toBeLessThan(3 * MIB);
    const other = readOn(await follow([upstream]));
    const pushed = setInterval(() => clock.advance(5_000), 5);
    expect(digestOf((await other).got)).toBe(digest);
    clearInterval(pushed);
    expect((await readOn(still, 10)).cut?.message).toMatch(/what this reader waits for has passed/);
    expect(upstream.asked).toEqual([0]);
  });

  test('is given to nobody who only wants it to be here', async () => {
    const upstream = source();
    await expect(follow([upstream], 'prefetch').then(readOn)).resolves.toMatchObject({ cut: { code: 'disk-full' } });
    expect(upstream.bytesSent).toBeLessThan(MIB);
  });

  test('is not fetched on when nobody waits for it any more', async () => {
    const upstream = source([{}]);
    const asset = await follow([upstream]);
    await asset.read(new Uint8Array(10), 0);
    await asset.close();
    await vi.waitFor(() => expect(store.stateOf(digest).kind).toBe('failed'));
    expect(upstream.bytesSent).toBeLessThan(bytes.length);
  });
});
