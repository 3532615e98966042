import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import type { AssetState } from '../../model/content.ts';
import { parseLoaderManifest } from './loader-manifest.ts';
import { createLoaders } from './loaders.ts';
import { digestOf } from './testing/fixtures.ts';

const row = (fields: string) => `loaders: { undionly.kpxe: { ${fields} } }`;
const good = `kinds: [bios], sha256: ${digestOf('x')}, sources: [{ url: "http://example.test/x" }, { file: /x }]`;

describe('the manifest', () => {
  test('of this package can be read, and each loader is for a kind of firmware', async () => {
    const loaders = parseLoaderManifest(
      await readFile(new URL('../../../boot-assets/manifest.yaml', import.meta.url), 'utf8'),
    );
    expect(loaders.map(({ asset }) => asset.name)).toEqual([
      ...['undionly.kpxe', 'ipxe.pxe', 'snponly.efi', 'ipxe.efi'],
      ...['shimx64.efi', 'grubx64.efi', 'shimaa64.efi', 'grubaa64.efi'],
    ]);
    expect(loaders.filter(({ kinds }) => kinds.length === 0)).toEqual([]);
    expect(loaders[0]?.asset.sources).toEqual([
      { kind: 'debian', package: 'ipxe', path: 'usr/lib/ipxe/undionly.kpxe' },
    ]);
  });

  test('may name one version of a package, also of another architecture', () => {
    const place = {
      debian: 'shim-signed',
      path: 'usr/lib/shim/x',
      pool: 'main/s/shim-signed/shim-signed_1.0_arm64.deb',
    };
    const parse = (source: object) =>
      parseLoaderManifest(row(good.replace(/sources: .*/, `sources: ${JSON.stringify([source])}`)));
    const { debian, ...rest } = place;
    expect(parse(place)[0]?.asset.sources).toEqual([{ kind: 'debian', package: debian, ...rest }]);
    expect(() => parse({ ...place, pool: '../x.deb' })).toThrow(/sources/);
    expect(() => parse({ ...place, pool: 'main/-o/x y.deb' })).toThrow(/sources/);
  });

  test('has sources of three kinds', () => {
    expect(parseLoaderManifest(row(good))[0]?.asset.sources).toEqual([
      { kind: 'url', url: 'http://example.test/x' },
      { kind: 'file', path: '/x' },
    ]);
  });

  test.each([
    ['no YAML', 'loaders: [', /manifest of loaders/],
    [
      'a digest that is none',
      row(good.replace(/sha256: \w+/, 'sha256: abc')),
      /undionly\.kpxe\.sha256: expected a sha256/,
    ],
    ['an unknown key', row(`${good}, colour: red`), /colour/],
    ['no source', row(good.replace(/sources: .*/, 'sources: []')), /sources/],
    ['a name with a slash', `loaders: { ../x: { ${good} } }`, /Invalid key/],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseLoaderManifest(text)).toThrow(message);
    expect(() => parseLoaderManifest(text)).toThrow(AppError);
  });
});

describe('the table of loaders', () => {
  test('has a loader as soon as its bytes are complete, and only then', async () => {
    const states = new Map<string, AssetState>();
    const pinned: string[] = [];
    const content: Parameters<typeof createLoaders>[0] = {
      stateOf: (digest) => states.get(digest) ?? { kind: 'absent' },
      ensure: async (asset) => {
        if (states.size > 0) throw new AppError('asset-unavailable', 'no WAN');
        states.set(asset.digest, { kind: 'complete', sizeBytes: 7 });
      },
      pin: async (owner, digests) => void pinned.push(owner, ...digests),
    };
    const loaders = createLoaders(
      content,
      parseLoaderManifest(`loaders: { a: { ${good} }, b: { ${good.replace(digestOf('x'), digestOf('y'))} } }`),
    );
    expect(loaders.find('a')).toBeUndefined();
    await loaders.fetch();
    expect(loaders.find('a')).toEqual({ name: 'a', digest: digestOf('x'), sizeBytes: 7 });
    expect([loaders.find('b'), loaders.find('c')]).toEqual([undefined, undefined]);
    expect(pinned).toEqual(['loaders', digestOf('x'), digestOf('y')]);
  });

  test('is waited for as far as it lies on this machine, and never for the WAN', async () => {
    const states = new Map<string, AssetState>();
    const content: Parameters<typeof createLoaders>[0] = {
      stateOf: (digest) => states.get(digest) ?? { kind: 'absent' },
      ensure: async ({ digest, sources: [first] }) => {
        // A WAN that swallows everything.
        if (first?.kind === 'url') return new Promise(() => undefined);
        await Promise.resolve();
        states.set(digest, { kind: 'complete', sizeBytes: 7 });
      },
      pin: async () => undefined,
    };
    const near = `kinds: [bios], sha256: ${digestOf('y')}, sources: [{ file: /y }]`;
    const loaders = createLoaders(content, parseLoaderManifest(`loaders: { far: { ${good} }, near: { ${near} } }`));
    await loaders.fetch();
    expect(loaders.find('near')).toBeDefined();
    expect(loaders.find('far')).toBeUndefined();
  });
});
