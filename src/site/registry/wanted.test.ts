import { describe, expect, it } from 'vitest';
import { SampleClock, SampleLog, sampleRandom } from '../../../test/support/sample-site.ts';
import type { Digest } from '../../kernel/digest.ts';
import { formatReference, parseImageReference, type Reference, type Tag } from '../../kernel/image-name.ts';
import { parsePlatform } from '../../kernel/platform.ts';
import { err, ok } from '../../kernel/result.ts';
import type { AssetState } from '../../model/content.ts';
import type { WantedImage } from '../../model/images.ts';
import type { Descriptor } from './codec/manifest.ts';
import type { KnownManifest, KnownTag } from './policy/known.ts';
import { createWanted, type Wanted, type WantedState } from './wanted.ts';

const digest = (letter: string): Digest => letter.repeat(64) as Digest;
const [INDEX, AMD, SIGNATURE, CONFIG, LAYER, SIGNED] = ['a', 'b', 'c', '1', '2', '3'].map(digest) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const part = (kind: 'blob' | 'manifest', of: Digest, sizeBytes: number) => ({ kind, digest: of, sizeBytes });
const amd64 = parsePlatform('linux/amd64') ?? expect.unreachable();
/** What the upstream has: an index with one platform, and a signature of that under cosign's tag. */
const SHELF: Readonly<Record<string, readonly [Digest, KnownManifest]>> = {
  '1.4': [INDEX, { mediaType: 'i', sizeBytes: 10, parts: [{ ...part('manifest', AMD, 10), platform: amd64 }] }],
  [AMD]: [AMD, { mediaType: 'm', sizeBytes: 10, parts: [part('blob', CONFIG, 20), part('blob', LAYER, 60)] }],
  [`sha256-${AMD}.sig`]: [SIGNATURE, { mediaType: 'm', sizeBytes: 10, parts: [part('blob', SIGNED, 5)] }],
};

function world({ platforms = ['linux/amd64'], referrers = true, by = 'revision' as Wanted['by'] } = {}) {
  const clock = new SampleClock();
  const log = new SampleLog();
  const known = {
    tags: new Map<Tag, KnownTag>(),
    manifests: new Map<Digest, KnownManifest>(),
    blobs: new Set<Digest>(),
  };
  const stored = new Set<Digest>();
  const asked: string[] = [];
  const pins: (readonly Digest[])[] = [];
  const complete: string[] = [];
  /** What the upstream does not give. */
  const lacks = new Map<string, string>();
  /** Why its registry is left alone now. */
  const notNow: { because?: string } = {};
  /** Blobs that are on their way until somebody lets them go. */
  const held = new Map<Digest, { readonly promise: Promise<void>; readonly resolve: () => void }>();
  const image = parseImageReference('registry.test/pos/app:1.4') ?? expect.unreachable();
  const wanted: Wanted[] = [
    { image: { name: 'app', image, platforms: platforms.flatMap((text) => parsePlatform(text) ?? []), referrers }, by },
  ];
  const alsoKept: WantedImage[] = [];
  const stateOf = (one: Digest): AssetState => {
    if (stored.has(one)) return { kind: 'complete', sizeBytes: 1 };
    return held.has(one) ? { kind: 'filling', bytesDone: 30 } : { kind: 'absent' };
  };
  const hold = (one: Digest): void => void held.set(one, Promise.withResolvers<void>());
  const prefetch = createWanted({
    alsoKept: () => alsoKept,
    mirror: {
      manifest: async (_key, reference: Reference) => {
        const text = reference.kind === 'digest' ? reference.digest : formatReference(reference);
        asked.push(text);
        const because = lacks.get(text);
        const [found, manifest] = SHELF[text] ?? [];
        if (because !== undefined || !found || !manifest)
          return err({ code: 'MANIFEST_UNKNOWN', message: because ?? 'its registry has no such tag' });
        known.manifests.set(found, manifest);
        if (reference.kind === 'tag') known.tags.set(reference.tag, { digest: found, checkedAt: 0 });
        stored.add(found);
        return ok({ digest: found, mediaType: manifest.mediaType, bytes: new Uint8Array() });
      },
      blobSize: () => Promise.resolve(ok({})),
      fetchBlob: async (_key, one) => {
        asked.push(one);
        await held.get(one)?.promise;
        const because = lacks.get(one);
        if (because !== undefined) return err({ code: 'UNAVAILABLE', message: because });
        held.delete(one);
        stored.add(one);
        return ok(undefined);
      },
      referrers: async (_key, subject) => {
        asked.push(`referrers ${subject}`);
        return ok<readonly Descriptor[]>([]);
      },
    },
    repositories: { get: () => known },
    content: {
      stateOf,
      pin: async (_owner, digests) => void pins.push(digests),
    },
    ...{
      wanted: () => wanted,
      startDelayMs: () => 60_000,
      tagsFreshMs: () => 900_000,
      clock,
      random: sampleRandom,
      log,
    },
    whyNotNow: () => notNow.because,
    onComplete: ({ image: { name } }, sizeBytes) => complete.push(`${name} ${sizeBytes}`),
  });
  const state = (): WantedState => prefetch.states()[0] ?? expect.unreachable();
  return { prefetch, clock, stored, asked, pins, complete, lacks, notNow, held, hold, wanted, alsoKept, state, known };
}

/** All that can go on without time passing. */
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 60; turns++) await Promise.resolve();
};

describe('a wanted image', () => {
  it('is fetched at the moment of its site, whole and with its signature, and pinned before its blobs come', async () => {
    const { prefetch, clock, stored, asked, pins, complete, state } = world();
    prefetch.changed();
    clock.pass(59_999);
    await settle();
    expect([asked, state().state]).toEqual([[], { kind: 'waiting' }]);
    clock.pass(1);
    await settle();
    expect([...stored].sort()).toEqual([CONFIG, LAYER, SIGNED, INDEX, AMD, SIGNATURE]);
    expect(state()).toMatchObject({ state: { kind: 'complete', sizeBytes: 115 }, isFetching: false, by: 'revision' });
    expect(complete).toEqual(['app 115']);
    expect([...(pins.at(-1) ?? [])].sort()).toEqual([CONFIG, LAYER, SIGNED, INDEX, AMD, SIGNATURE]);
    await prefetch.stop();
  });

  it('has no signature where none is wanted', async () => {
    const { prefetch, asked } = world({ referrers: false });
    await prefetch.pull('app');
    expect(asked).toEqual(['1.4', AMD, CONFIG, LAYER]);
    await prefetch.stop();
  });

  it('says how far it is, and why a profile that requires it is not ready', async () => {
    const { prefetch, hold, held, state } = world({ referrers: false });
    expect(prefetch.missing(['app'])).toBe('image app: not begun');
    hold(LAYER);
    const pulled = prefetch.pull('app');
    await settle();
    expect(state()).toMatchObject({ state: { kind: 'partial', doneBytes: 70, sizeBytes: 100 }, isFetching: true });
    expect(prefetch.missing(['app', 'other'])).toBe('image app: 70 %');
    expect([prefetch.missing(['other']), prefetch.missing([])]).toEqual([undefined, undefined]);
    held.get(LAYER)?.resolve();
    expect(await pulled).toEqual({ kind: 'complete', sizeBytes: 100 });
    expect(prefetch.missing(['app'])).toBeUndefined();
    await prefetch.stop();
  });

  it('says why it is not here, tries again by itself, and then forgets why', async () => {
    const { prefetch, clock, lacks, state, complete } = world({ referrers: false });
    lacks.set('1.4', 'its registry is silent');
    prefetch.changed({ now: true });
    clock.pass(0);
    await settle();
    expect(prefetch.missing(['app'])).toBe('image app: failed because its registry is silent');
    lacks.clear();
    lacks.set(LAYER, 'does not answer');
    clock.pass(15_000);
    await settle();
    expect(state().state).toEqual({ kind: 'failed', because: 'does not answer' });
    lacks.clear();
    clock.pass(900_000);
    await settle();
    expect([state().state.kind, complete]).toEqual(['complete', ['app 100']]);
    await prefetch.stop();
  });

  it('waits while its registry shall be left alone, unless a person wants it now', async () => {
    const { prefetch, clock, notNow, asked, state } = world({ referrers: false });
    notNow.because = 'its registry gives little more today';
    prefetch.changed({ now: true });
    clock.pass(0);
    await settle();
    expect([asked, state().state]).toEqual([[], { kind: 'failed', because: 'its registry gives little more today' }]);
    expect(await prefetch.pull('app')).toMatchObject({ kind: 'complete' });
    await prefetch.stop();
  });

  it('fails where its index has not the platform', async () => {
    const { prefetch } = world({ platforms: ['linux/arm64'] });
    expect(await prefetch.pull('app')).toEqual({ kind: 'failed', because: 'the image is not for linux/arm64' });
    await prefetch.stop();
  });

  it('is looked at again when its tag may have moved, and for what refers to it once in an hour', async () => {
    const { prefetch, clock, asked } = world();
    prefetch.changed({ now: true });
    clock.pass(0);
    await settle();
    for (const [passed, referrers] of [
      [900_000, 0],
      [900_000, 0],
      [1_800_000, 2],
    ] as const) {
      asked.length = 0;
      clock.pass(passed);
      await settle();
      expect(asked[0]).toBe('1.4');
      expect(asked.filter((one) => one.startsWith('referrers'))).toHaveLength(referrers);
    }
    await prefetch.stop();
  });

  it('is fetched once, however many want it at once', async () => {
    const { prefetch, asked } = world({ referrers: false });
    await Promise.all([prefetch.pull('app'), prefetch.pull('app'), prefetch.pull('app')]);
    expect(asked).toEqual(['1.4', AMD, CONFIG, LAYER]);
    await expect(prefetch.pull('other')).rejects.toMatchObject({ code: 'not-found' });
    await prefetch.stop();
  });

  it('holds up no stop of the site', async () => {
    const { prefetch, hold, clock, state } = world({ referrers: false });
    hold(LAYER);
    prefetch.changed({ now: true });
    clock.pass(0);
    await settle();
    expect(state().isFetching).toBe(true);
    await prefetch.stop();
    expect(state()).toMatchObject({ state: { kind: 'partial' }, isFetching: false });
  });

  it('stays while a revision that may come back, or a machine that boots by it, needs it; but it is not fetched', async () => {
    const { prefetch, wanted, alsoKept, pins, asked } = world();
    await prefetch.pull('app');
    alsoKept.push(...wanted.splice(0).map(({ image }) => image));
    asked.length = 0;
    prefetch.changed({ now: true });
    await settle();
    expect([[...(pins.at(-1) ?? [])].sort(), asked]).toEqual([[CONFIG, LAYER, SIGNED, INDEX, AMD, SIGNATURE], []]);
    alsoKept.length = 0;
    prefetch.changed();
    expect(pins.at(-1)).toEqual([]);
  });

  it('is not pinned any more when nobody wants it', async () => {
    const { prefetch, wanted, pins } = world();
    await prefetch.pull('app');
    wanted.length = 0;
    prefetch.changed();
    await settle();
    expect(pins.at(-1)).toEqual([]);
    await prefetch.stop();
  });
});
