import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatImageReference, type ImageReference, parseImageReference } from '../../kernel/image-name.ts';
import type { Log } from '../../kernel/ports.ts';
import { type MadeImage, makeImage, makeReferrer } from '../../lab/upstream/made-image.ts';
import type { ArchiveLayout } from '../../wire/api/images.ts';
import { createContentStore, type RunningContentStore } from '../content/store.ts';
import { ManualClock } from '../content/testing/fixtures.ts';
import { formatArchiveIndex, OCI_LAYOUT } from './codec/archive.ts';
import { exportImages } from './export.ts';
import { importImages } from './import.ts';
import { openRepositories } from './repositories.ts';
import { writeTar } from './tar.ts';

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const ref = (text: string): ImageReference => parseImageReference(text) as ImageReference;
const APP = ref('registry.test/pos/app:1.4');
const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const image = makeImage({ seed: 'archive', platforms: PLATFORMS, layers: [3_000, 200_000] });

const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

type World = Awaited<ReturnType<typeof openWorld>>;

async function openWorld() {
  const dataDir = mkdtempSync(join(tmpdir(), 'slipway-archive-'));
  const random = { unit: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
  const content: RunningContentStore = await createContentStore({
    ...{ settings: { dataDir, reserveBytes: 0 }, clock: new ManualClock(), random, log },
  });
  ended.push(async () => {
    await content.stop();
    rmSync(dataDir, { recursive: true });
  });
  const files = { load: async () => new Map(), save: async () => undefined, setAside: async () => undefined };
  const repositories = await openRepositories(files, log);
  const isMirrored = (one: ImageReference) => one.upstream === APP.upstream && one.repository.startsWith('pos/');
  const deps = { content, repositories, isMirrored };
  return {
    ...deps,
    import: (bytes: Uint8Array, as?: string) => importImages(inPieces(bytes), as ? ref(as) : undefined, deps),
    export: (name: ImageReference, layout: ArchiveLayout = 'oci') =>
      gather(exportImages([name], layout, deps).chunks()),
    isHere: (digest: string) => content.stateOf(digest.replace('sha256:', '') as Digest).kind === 'complete',
    tag: (name: ImageReference) =>
      name.reference.kind === 'tag' ? repositories.get(name)?.tags.get(name.reference.tag)?.digest : undefined,
    leftovers: () => readdirSync(join(dataDir, 'partial')),
  };
}

/** As a socket gives them: never where a block ends. */
async function* inPieces(bytes: Uint8Array, size = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

type Entry = readonly [path: string, bytes: Uint8Array];
const text = (value: string): Uint8Array => Buffer.from(value);

function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return gather(writeTar(entries.map(([path, b]) => ({ path, sizeBytes: b.length, chunks: () => once(b) }))).chunks());
}

const partsOf = ({ manifests, blobs }: MadeImage) =>
  [...manifests, ...blobs].map((one) => [one.digest.replace('sha256:', ''), one.slice(0, one.sizeBytes)] as const);

function entriesOf(made: MadeImage, name: string | null): readonly Entry[] {
  const { digest, sizeBytes, mediaType } = made.top;
  const descriptor = { digest: digest.replace('sha256:', '') as Digest, sizeBytes, mediaType };
  const index = formatArchiveIndex([{ image: ref(name ?? 'x.y/z'), descriptor }]);
  return [
    ...partsOf(made).map(([hex, bytes]) => [`blobs/sha256/${hex}`, bytes] as const),
    ['index.json', text(name === null ? index.replaceAll('x.y/z:latest', '1.4') : index)],
    ['oci-layout', text(OCI_LAYOUT)],
  ];
}
const honest = (made: MadeImage = image, name: string | null = formatImageReference(APP)) =>
  tarOf(entriesOf(made, name));

function linkTo(path: string, linkpath: string, type: 'SymbolicLink' | 'Link'): Buffer {
  const block = Buffer.alloc(512);
  new Header({ path, linkpath, type, size: 0, mode: 0o777, mtime: new Date(0) }).encode(block, 0);
  return block;
}

const rejection = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => new AppError('internal', 'it was taken'),
    (error: unknown) => AppError.from(error),
  );

function expectWhole(world: World, made: MadeImage): void {
  for (const { digest } of [...made.manifests, ...made.blobs]) expect(world.isHere(digest)).toBe(true);
  expect(world.leftovers()).toEqual([]);
}

describe('an archive that is taken in', () => {
  it('has its images known by their names, and each of its bytes checked', async () => {
    const world = await openWorld();
    expect(await world.import(await honest())).toEqual({
      images: [{ image: APP, digest: image.top.digest.slice(7) }],
      refused: [],
    });
    expectWhole(world, image);
    expect(world.tag(APP)).toBe(image.top.digest.slice(7));
  });

  it.each(['oci', 'talos'] as const)('goes out again as %s, and into another site', async (layout) => {
    const [first, second] = [await openWorld(), await openWorld()];
    await first.import(await honest());
    const bytes = await first.export(APP, layout);
    expect(bytes.equals(await first.export(APP, layout))).toBe(true);
    const { images, refused } = await second.import(bytes);
    expect([images.map(({ image: one }) => one), refused]).toEqual([expect.arrayContaining([APP]), []]);
    expectWhole(second, image);
    expect(second.tag(APP)).toBe(image.top.digest.slice(7));
    expect((await second.export(APP)).equals(await first.export(APP))).toBe(true);
  });

  it('may be packed by gzip, and lie in a folder called "."', async () => {
    const world = await openWorld();
    const entries = entriesOf(image, 'registry.test/pos/app:1.4').map(([path, bytes]) => [`./${path}`, bytes] as const);
    await world.import(gzipSync(await tarOf(entries)));
    expectWhole(world, image);
  });

  it('brings what signs its images, whichever way that is found', async () => {
    const [first, second] = [await openWorld(), await openWorld()];
    const signature = makeReferrer(image.top, 'application/vnd.test.signature');
    const [root, about] = [image.top, signature.top].map(({ digest, sizeBytes, mediaType }) => ({
      ...{ digest: digest.slice(7) as Digest, sizeBytes, mediaType },
    }));
    if (!root || !about) throw new Error('two were made');
    const sigTag = ref(`registry.test/pos/app:sha256-${root.digest}.sig`);
    const names = [
      { image: APP, descriptor: root },
      { image: ref(`registry.test/pos/app@sha256:${about.digest}`), descriptor: about },
      { image: sigTag, descriptor: about },
    ];
    const blobs = [...partsOf(image), ...partsOf(signature)].map(([hex, b]) => [`blobs/sha256/${hex}`, b] as const);
    const entries = [
      ['oci-layout', text(OCI_LAYOUT)],
      ['index.json', text(formatArchiveIndex(names))],
      ...blobs,
    ] as const;
    expect((await first.import(await tarOf(entries))).images).toHaveLength(3);
    await second.import(await first.export(APP));
    expectWhole(second, signature);
    expect(second.tag(sigTag)).toBe(about.digest);
    expect(second.repositories.get(APP)?.manifests.get(about.digest)?.subject).toBe(root.digest);
  });

  it('keeps the platforms that it has; the index stays as it is', async () => {
    const world = await openWorld();
    const [, amd64] = image.manifests;
    const { blobs } = makeImage({ seed: 'archive', platforms: ['linux/amd64'], layers: [3_000, 200_000] });
    const half = { top: image.top, manifests: [image.top, amd64 as MadeImage['top']], blobs };
    await world.import(await honest(half));
    expect(world.tag(APP)).toBe(image.top.digest.slice(7));
    expect(await (await openWorld()).import(await world.export(APP))).toMatchObject({ images: [{ image: APP }] });
  });

  it('without a full name is called as who brings it says', async () => {
    const world = await openWorld();
    const bytes = await honest(image, null);
    expect((await world.import(bytes)).refused).toEqual([
      { name: '1.4', because: 'it has no full name: say one with --as' },
    ]);
    expect((await world.import(bytes, 'registry.test/pos/app:1.4')).images).toHaveLength(1);
    expect(world.tag(APP)).toBe(image.top.digest.slice(7));
  });
});

describe('an archive that is not believed', () => {
  it('of a repository that the template does not name gives nothing a name', async () => {
    const world = await openWorld();
    const { images, refused } = await world.import(await honest(image, 'quay.io/org/app:1'));
    expect([images, refused.map(({ because }) => because)]).toEqual([
      [],
      ['the template names no such registry and repository in images.upstreams'],
    ]);
    expect(world.repositories.all()).toEqual([]);
  });

  it('does not open layers of another repository by naming them', async () => {
    const world = await openWorld();
    await world.import(await honest(image, 'registry.test/pos/secret:1'));
    const layer = image.blobs[1]?.digest.slice(7) ?? '';
    const manifests = entriesOf(image, 'registry.test/pos/app:1.4').filter(([path]) => !path.endsWith(layer));
    await world.import(await tarOf(manifests));
    expect(world.repositories.has(APP, layer as Digest)).toBe(false);
    const guessed = await tarOf([...manifests, [`blobs/sha256/${layer}`, text('not known to me')]]);
    expect((await rejection(world.import(guessed))).code).toBe('asset-wrong-digest');
    expect(world.repositories.has(APP, layer as Digest)).toBe(false);
  });

  const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte));
  const blobPath = `blobs/sha256/${image.blobs[1]?.digest.slice(7)}`;
  const entries = entriesOf(image, 'registry.test/pos/app:1.4');
  const changed = (path: string, change: (bytes: Uint8Array) => Uint8Array) =>
    tarOf(entries.map(([own, bytes]) => [own, own === path ? change(bytes) : bytes] as const));
  const cases: Record<string, readonly [() => Promise<Uint8Array>, string]> = {
    'with a wrong byte in a layer': [() => changed(blobPath, flipped), 'asset-wrong-digest'],
    'with a layer that is too short': [() => changed(blobPath, (b) => b.subarray(1)), 'asset-wrong-digest'],
    'with a symbolic link': [
      async () => Buffer.concat([linkTo('blobs/sha256/x', '/etc/passwd', 'SymbolicLink'), await honest()]),
      'archive-invalid',
    ],
    'with a hard link': [
      async () => Buffer.concat([linkTo('index.json', '/etc/passwd', 'Link'), await honest()]),
      'archive-invalid',
    ],
    'with a path that climbs': [() => tarOf([['blobs/../../x', text('x')], ...entries]), 'archive-invalid'],
    'with a path from the root': [() => tarOf([['/etc/cron.d/x', text('x')], ...entries]), 'archive-invalid'],
    'with two indexes': [
      () => tarOf([['index.json', text('{"schemaVersion":2,"manifests":[]}')], ...entries]),
      'archive-invalid',
    ],
    'with an index that is none': [() => changed('index.json', () => text('[]')), 'archive-invalid'],
    'with an index of 5 MiB': [() => changed('index.json', () => Buffer.alloc(5 << 20, 32)), 'archive-invalid'],
    'of another version': [
      () => changed('oci-layout', () => text('{"imageLayoutVersion":"2.0.0"}')),
      'archive-invalid',
    ],
    'without an index': [() => tarOf(entries.filter(([path]) => path !== 'index.json')), 'archive-invalid'],
    'that is no archive': [async () => Buffer.alloc(5_000, 'no'), 'archive-invalid'],
    'that is empty': [async () => Buffer.alloc(0), 'archive-invalid'],
    'that is small and unpacks to a lot': [
      async () => gzipSync(await tarOf([['huge', new Uint8Array(16 << 20)], ...entries])),
      'archive-invalid',
    ],
    'that says of a file that it has 2 TiB': [
      async () => {
        const block = Buffer.alloc(512);
        new Header({ path: blobPath, type: 'File', size: 2 ** 41, mode: 0o644, mtime: new Date(0) }).encode(block, 0);
        return Buffer.concat([block, Buffer.alloc(100_000)]);
      },
      'archive-invalid',
    ],
  };
  it.each(Object.entries(cases))('%s is refused, and names nothing', async (_, [make, code]) => {
    const world = await openWorld();
    const error = await rejection(world.import(await make()));
    expect([error.code, error.message]).toEqual([code, expect.any(String)]);
    expect(world.repositories.all()).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  });

  it('wherever it is cut off, is refused and names nothing', async () => {
    const world = await openWorld();
    const whole = await honest();
    for (const part of [0.0001, 0.1, 0.5, 0.9, 0.99]) {
      const bytes = whole.subarray(0, Math.floor(whole.length * part));
      const error = await rejection(world.import(bytes));
      expect([part, ['archive-invalid', 'asset-wrong-digest'].includes(error.code)]).toEqual([part, true]);
    }
    expect(world.repositories.all()).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  });

  it('whose reader fails in the middle leaves nothing waiting', async () => {
    const world = await openWorld();
    const bytes = await honest();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 60_000);
      throw new AppError('disk-failed', 'the stick was pulled out');
    }
    expect((await rejection(importImages(broken(), undefined, world))).message).toBe('the stick was pulled out');
    expect(world.leftovers()).toEqual([]);
  });
});

it('an image that is not here whole does not go out', async () => {
  const world = await openWorld();
  expect((await rejection((async () => world.export(APP))())).code).toBe('asset-unavailable');
});
