import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BlobSource, FillPriority, OpenAsset, WantedBlob } from '../../model/content.ts';
import { type ContentSettings, createContentStore, type RunningContentStore } from './store.ts';
import { createFakeSource, type FakeAnswer } from './testing/fake-source.ts';
import { createLogRecorder, digestOf, HurriedClock, halfRandom } from './testing/fixtures.ts';

const KIB = 1024;
const HELD_BACK = 64 * KIB;
const bytes = new Uint8Array(300 * KIB + 77).map((_, index) => (index * 31 + (index >> 9)) & 255);
const digest = digestOf(bytes);

let folder: string;
let clock: HurriedClock;
let log: ReturnType<typeof createLogRecorder>;
let store: RunningContentStore;
const opened: RunningContentStore[] = [];

const partial = (of: string = digest) => join(folder, 'partial', of);
async function openStore(settings: Partial<ContentSettings> = {}): Promise<RunningContentStore> {
  const made = await createContentStore({ settings: { dataDir: folder, ...settings }, clock, random: halfRandom, log });
  opened.push(made);
  return made;
}
const wanted = (sources: readonly BlobSource[], change: Partial<WantedBlob> = {}): WantedBlob => ({
  ...{ digest, name: 'layer', sizeBytes: bytes.length, sources, priority: 'client' },
  ...change,
});
const source = (answers: readonly FakeAnswer[] = [], label = 'upstream') => createFakeSource(label, bytes, answers);

/** Reads to the end, or to where it is cut: what it got, and why. */
async function readAll(asset: OpenAsset, stepBytes = 40_000): Promise<{ got: Uint8Array; cut: Error | undefined }> {
  const got = new Uint8Array(asset.sizeBytes);
  let position = 0;
  let cut: Error | undefined;
  while (position < got.length && !cut) {
    const into = got.subarray(position, position + stepBytes);
    position += await asset.read(into, position).catch((cause: Error) => {
      cut = cause;
      return 0;
    });
  }
  await asset.close();
  return { got: got.subarray(0, position), cut };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-follow-'));
  clock = new HurriedClock();
  log = createLogRecorder();
  store = await openStore();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
  await rm(folder, { recursive: true });
});

describe('followers', () => {
  test('come at any time, read at their own pace, and there is one delivery', async () => {
    const upstream = source();
    const all = Array.from({ length: 64 }, async (_, index) => {
      for (let turn = 0; turn < index; turn++) await new Promise(setImmediate);
      return readAll(await store.follow(wanted([upstream])), 10_000 + 700 * index);
    });
    for (const { got, cut } of await Promise.all(all)) expect([cut, digestOf(got)]).toEqual([undefined, digest]);
    expect([upstream.asked, upstream.bytesSent, upstream.most]).toEqual([[0], bytes.length, 1]);
  });

  test('of which one reads nothing, do not wait for it', async () => {
    const idle = await store.follow(wanted([source()]));
    expect(digestOf((await readAll(await store.follow(wanted([])))).got)).toBe(digest);
    await vi.waitFor(() => expect(store.stateOf(digest).kind).toBe('complete'));
    expect(digestOf((await readAll(idle)).got)).toBe(digest);
  });

  test('that hang up do not end the fill', async () => {
    const gate = Promise.withResolvers<void>();
    const one = await store.follow(wanted([source([{ gate: { at: 100 * KIB, open: gate.promise } }])]));
    const reading = one.read(new Uint8Array(10), 200 * KIB);
    await one.close();
    await expect(reading).rejects.toThrow('closed');
    gate.resolve();
    await vi.waitFor(() => expect(store.stateOf(digest).kind).toBe('complete'));
  });

  test('get the last 64 KiB only when the digest is right', async () => {
    const gate = Promise.withResolvers<void>();
    const upstream = source([{ gate: { at: bytes.length - 1, open: gate.promise } }]);
    const asset = await store.follow(wanted([upstream]));
    await vi.waitFor(() => expect(store.stateOf(digest)).toMatchObject({ bytesDone: bytes.length - 1 }));
    const into = new Uint8Array(bytes.length);
    expect(await asset.read(into, 0)).toBe(bytes.length - HELD_BACK);
    let came = false;
    const last = asset.read(into, bytes.length - HELD_BACK).finally(() => {
      came = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(came).toBe(false);
    gate.resolve();
    expect(await last).toBe(HELD_BACK);
    await asset.close();
  });

  test('are told before the first byte that there is none, with the word of the source', async () => {
    const gone = source([{ gone: 'not-found' }]);
    await expect(store.follow(wanted([gone]))).rejects.toMatchObject({
      code: 'not-found',
      message: 'layer: upstream: is not there',
    });
    const mixed = [source([{ gone: 'not-found' }]), source([{ refuses: 'no route' }], 'sibling')];
    await expect(store.follow(wanted(mixed))).rejects.toMatchObject({ code: 'asset-unavailable' });
    expect(store.stateOf(digest).kind).toBe('failed');
  });

  test('bring other sources along', async () => {
    const slow = source([{ refuses: 'no route' }]);
    const [first, second] = [store.follow(wanted([slow])), store.follow(wanted([source([], 'sibling')]))];
    expect((await readAll(await first)).cut).toBeUndefined();
    expect((await readAll(await second)).cut).toBeUndefined();
  });

  test('wait for the size where nobody says it', async () => {
    const asset = await store.follow({
      digest,
      name: 'x',
      sources: [source([{ saysSize: undefined }])],
      priority: 'client',
    });
    expect([asset.sizeBytes, digestOf((await readAll(asset)).got)]).toEqual([bytes.length, digest]);
  });

  test('of an empty file need no source', async () => {
    const asset = await store.follow(wanted([], { digest: digestOf(''), sizeBytes: 0 }));
    expect((await readAll(asset)).got.length).toBe(0);
  });

  test('need no place behind what is fetched ahead, and make it urgent', async () => {
    const single = await openStore({ parallelFills: 1 });
    const gate = Promise.withResolvers<void>();
    let priority: (() => FillPriority) | undefined;
    const stuck: BlobSource = {
      label: 'slow',
      deliver: async (request) => {
        ({ priority } = request);
        await gate.promise;
        throw new Error('never');
      },
    };
    const other = digestOf('other');
    const pinned = { digest: other, name: 'ahead', sources: [stuck], priority: 'prefetch' as const };
    const ahead = single.follow(pinned).catch((cause: Error) => cause.message);
    const client = single.follow({ ...pinned, priority: 'client' }).catch(() => undefined);
    expect((await readAll(await single.follow(wanted([source()])))).cut).toBeUndefined();
    expect(priority?.()).toBe('client');
    gate.resolve();
    expect(await ahead).toBe('ahead: slow: never');
    await client;
  });
});

describe('a source', () => {
  test('that is cut off or falls silent is asked for the rest, and nobody notices', async () => {
    const upstream = source([{ cutAfter: 90_000 }, { refuses: 'no byte for 30 s' }, { cutAfter: 100_000 }, {}]);
    const { got, cut } = await readAll(await store.follow(wanted([upstream])));
    expect([cut, digestOf(got)]).toEqual([undefined, digest]);
    expect(upstream.asked).toEqual([0, 90_000, 90_000, 190_000]);
    expect(upstream.bytesSent).toBe(bytes.length);
  });

  test('that ignores ranges sends again what is here, which is passed over', async () => {
    const upstream = source([{ cutAfter: 90_000 }, { ignoresRange: true }]);
    const { got, cut } = await readAll(await store.follow(wanted([upstream])));
    expect([cut, digestOf(got)]).toEqual([undefined, digest]);
  });

  test('that says another size is not used', async () => {
    const liar = source([{ saysSize: bytes.length + 1 }]);
    const good = source([], 'sibling');
    expect((await readAll(await store.follow(wanted([liar, good])))).cut).toBeUndefined();
    expect([liar.bytesSent, good.asked]).toEqual([0, [0]]);
  });

  test('that sends wrong bytes is left for another one: who has read of them is cut, and nothing of them stays', async () => {
    const gate = Promise.withResolvers<void>();
    const bad = source([{ flips: bytes.length - 3, gate: { at: bytes.length - HELD_BACK, open: gate.promise } }]);
    const good = source([], 'sibling');
    const reader = await store.follow(wanted([bad, good]));
    const late = await store.follow(wanted([bad, good]));
    await reader.read(new Uint8Array(5), 0);
    gate.resolve();
    const { got, cut } = await readAll(reader);
    expect(got.length).toBeLessThanOrEqual(bytes.length - HELD_BACK);
    expect(cut?.message).toMatch(/wrong bytes/);
    expect(digestOf((await readAll(late)).got)).toBe(digest);
    expect([good.asked, good.bytesSent]).toEqual([[0], bytes.length]);
    await store.stop();
    expect(await readFile(join(folder, 'blobs', 'sha256', digest.slice(0, 2), digest))).toEqual(Buffer.from(bytes));
  });

  test('that sent wrong bytes is left alone for a minute', async () => {
    const bad = source([{ flips: 7 }, {}]);
    await expect(store.follow(wanted([bad])).then(readAll)).resolves.toMatchObject({
      cut: { code: 'asset-wrong-digest' },
    });
    await expect(store.follow(wanted([bad]))).rejects.toThrow(/sent other bytes, and is not asked again for \d+ s/);
    expect([bad.asked, await readdir(join(folder, 'partial'))]).toEqual([[0], []]);
    clock.pass(60_000);
    expect((await readAll(await store.follow(wanted([bad])))).cut).toBeUndefined();
  });

  test('that brings nothing for a minute is given up: who reads is cut, and what came is gone on with', async () => {
    const upstream = source([{ cutAfter: 90_000 }, { refuses: 'no route' }]);
    const { got, cut } = await readAll(await store.follow(wanted([upstream])));
    expect([digestOf(got), cut?.message]).toEqual([digestOf(bytes.subarray(0, 90_000)), 'layer: upstream: no route']);
    expect([upstream.asked.length > 5, (await stat(partial())).size]).toEqual([true, 90_000]);
    const later = source();
    expect((await readAll(await store.follow(wanted([later])))).cut).toBeUndefined();
    expect(later.asked).toEqual([90_000]);
  });
});

describe('the next life', () => {
  test('goes on where the last one was stopped', async () => {
    const never = new Promise<void>(() => undefined);
    const before = source([{ gate: { at: 210_000, open: never } }]);
    const asset = await store.follow(wanted([before]));
    await vi.waitFor(() => expect(store.stateOf(digest)).toMatchObject({ bytesDone: 210_000 }));
    await store.stop();
    await expect(asset.read(new Uint8Array(1), 0)).rejects.toThrow('stopping');
    await asset.close();
    const after = source();
    const next = await openStore();
    expect((await readAll(await next.follow(wanted([after])))).cut).toBeUndefined();
    expect([after.asked, after.bytesSent]).toEqual([[210_000], bytes.length - 210_000]);
  });

  test('finds a tail that a power cut tore, and fetches once from the beginning', async () => {
    await writeFile(partial(), new Uint8Array(100_000));
    const upstream = source();
    const { cut } = await readAll(await store.follow(wanted([upstream])));
    expect(cut?.message).toMatch(/wrong bytes/);
    await vi.waitFor(() => expect(store.stateOf(digest).kind).toBe('complete'));
    expect(upstream.asked).toEqual([100_000, 0]);
  });

  test('needs no source for what is whole already', async () => {
    await writeFile(partial(), bytes);
    expect((await readAll(await store.follow(wanted([])))).cut).toBeUndefined();
  });

  test('drops what nobody went on with for a week, and what is no beginning', async () => {
    await writeFile(partial(), 'old');
    await utimes(partial(), 1, clock.now() / 1000 - 8 * 86_400);
    await writeFile(partial(digestOf('new')), 'new');
    await utimes(partial(digestOf('new')), 1, clock.now() / 1000 - 6 * 86_400);
    await mkdir(partial('package-x'));
    await openStore();
    expect(await readdir(join(folder, 'partial'))).toEqual([digestOf('new')]);
  });
});

const answer: fc.Arbitrary<FakeAnswer> = fc.record(
  {
    cutAfter: fc.nat(250 * KIB),
    refuses: fc.constantFrom('no route', 'too many'),
    gone: fc.constant('not-found' as const),
    ignoresRange: fc.boolean(),
    saysSize: fc.constantFrom(undefined, 5, bytes.length),
    flips: fc.nat(bytes.length - 1),
  },
  { requiredKeys: [] },
);

/** Neither lies nor begins anew. */
const isHonest = ({ flips, ignoresRange, saysSize = bytes.length }: FakeAnswer): boolean =>
  flips === undefined && !ignoresRange && saysSize === bytes.length;

test('whatever sources do, there is one delivery at a time, and nobody gets a whole file that is not right', async () => {
  const PIECE = 20_000;
  const scripts = fc.array(fc.array(answer, { maxLength: 4 }), { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.integer({ min: 1_000, max: 90_000 }), { minLength: 1, maxLength: 4 });
  const walk = fc.asyncProperty(scripts, steps, async (answers, readers) => {
    await rm(folder, { recursive: true });
    const here = await openStore();
    const sources = answers.map((script, index) => createFakeSource(`s${index}`, bytes, script, PIECE));
    const one = async (stepBytes: number) => readAll(await here.follow(wanted(sources)), stepBytes);
    const outcomes = await Promise.allSettled(readers.map(one));
    await here.stop();
    const read = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const { got } of read.filter(({ cut }) => cut))
      expect(got.length).toBeLessThanOrEqual(bytes.length - HELD_BACK);
    for (const { got } of read.filter(({ cut }) => !cut)) expect(digestOf(got)).toBe(digest);
    expect(Math.max(...sources.map(({ most }) => most))).toBeLessThanOrEqual(1);
    if (!answers.flat().every(isHonest)) return;
    // What a source has in its hands when it is cut off comes twice.
    const asked = sources.flatMap((each) => each.asked).length;
    const sent = sources.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    expect(sent).toBeLessThanOrEqual(bytes.length + PIECE * asked);
  });
  await fc.assert(walk, { numRuns: 25 });
});
