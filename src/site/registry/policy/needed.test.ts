import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import type { Tag } from '../../../kernel/image-name.ts';
import { parsePlatform } from '../../../kernel/platform.ts';
import type { KnownManifest, KnownTag, ManifestPart } from './known.ts';
import { neededFor } from './needed.ts';

const digest = (letter: string): Digest => letter.repeat(64) as Digest;
const [INDEX, AMD, ARM, ATTESTED, SIGNATURE, OTHER] = ['a', 'b', 'c', 'd', 'e', 'f'].map(digest) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const blob = (letter: string): ManifestPart => ({ kind: 'blob', digest: digest(letter), sizeBytes: 100 });
const entry = (of: Digest, platform: string): ManifestPart => ({
  ...{ kind: 'manifest', digest: of, sizeBytes: 10 },
  ...platformOf(platform),
});
const platformOf = (text: string) => {
  const platform = parsePlatform(text);
  return platform ? { platform } : {};
};
const image = (parts: readonly ManifestPart[], subject?: Digest): KnownManifest => ({
  ...{ mediaType: 'm', sizeBytes: 10, parts },
  ...(subject && { subject }),
});
const index = image([entry(AMD, 'linux/amd64'), entry(ARM, 'linux/arm64/v8'), entry(ATTESTED, 'unknown/unknown')]);
const known = (
  manifests: readonly (readonly [Digest, KnownManifest])[],
  tags: readonly (readonly [string, Digest])[] = [],
) => ({
  manifests: new Map(manifests),
  tags: new Map(tags.map(([tag, of]): [Tag, KnownTag] => [tag as Tag, { digest: of, checkedAt: 0 }])),
});
const want = (platforms: readonly string[], referrers = false) => ({
  platforms: platforms.flatMap((text) => parsePlatform(text) ?? []),
  referrers,
});
const ALL: readonly (readonly [Digest, KnownManifest])[] = [
  [INDEX, index],
  [AMD, image([blob('1'), blob('2')])],
  [ARM, image([blob('1'), blob('3')])],
  [ATTESTED, image([blob('4')])],
];
const here = (needed: ReturnType<typeof neededFor>): string => [...needed.sizes.keys()].map((one) => one[0]).join('');

describe('what an image needs', () => {
  it('is its index and only the platforms that are wanted, each byte counted once', () => {
    const needed = neededFor(known(ALL), INDEX, want(['linux/amd64']));
    expect(here(needed)).toBe('ab12');
    expect([...needed.sizes.values()]).toEqual([10, 10, 100, 100]);
    expect(needed).toMatchObject({ unread: [], notOffered: [], subjects: [INDEX, AMD] });
    expect(here(neededFor(known(ALL), INDEX, want(['linux/amd64', 'linux/arm64'])))).toBe('ab12c3');
  });

  it('is all platforms where none is named, and attestations only with what refers to it', () => {
    expect(here(neededFor(known(ALL), INDEX, want([])))).toBe('ab12c3');
    expect(here(neededFor(known(ALL), INDEX, want([], true)))).toBe('ab12c3d4');
  });

  it('is a manifest with its blobs where there is no index, whatever platform is wanted', () => {
    const needed = neededFor(known(ALL), AMD, want(['linux/arm64']));
    expect(here(needed)).toBe('b12');
    expect(needed.notOffered).toEqual([]);
  });

  it('is not known as long as a manifest was not read', () => {
    expect(neededFor(known([]), INDEX, want([]))).toMatchObject({ unread: [INDEX], sizes: new Map() });
    const needed = neededFor(known([[INDEX, index]]), INDEX, want(['linux/arm64']));
    expect([here(needed), needed.unread]).toEqual(['a', [ARM]]);
  });

  it('names the platforms that its index has not', () => {
    const needed = neededFor(known(ALL), INDEX, want(['linux/amd64', 'linux/arm/v7']));
    expect(needed.notOffered).toEqual(want(['linux/arm/v7']).platforms);
  });
});

describe('what refers to an image', () => {
  const signed = [
    ...ALL,
    [SIGNATURE, image([blob('5')], AMD)] as const,
    [OTHER, image([blob('6')], digest('0'))] as const,
  ];
  it('is needed if it is wanted, and is about the image or a platform of it', () => {
    expect(here(neededFor(known(signed), INDEX, want(['linux/amd64'], true)))).toBe('ab12d4e5');
    expect(here(neededFor(known(signed), INDEX, want(['linux/amd64'])))).toBe('ab12');
    expect(here(neededFor(known(signed), ARM, want([], true)))).toBe('c13');
  });

  it('is also what has a tag of cosign: for Talos there is nothing else', () => {
    const untold = [...ALL, [OTHER, image([blob('6')])] as const];
    const tagged = known(untold, [
      [`sha256-${AMD}.sig`, OTHER],
      [`sha256-${ARM}.att`, digest('9')],
      ['latest', digest('8')],
    ]);
    const needed = neededFor(tagged, INDEX, want(['linux/amd64'], true));
    expect([here(needed), needed.unread]).toEqual(['ab12d4f6', []]);
    expect(neededFor(tagged, INDEX, want([], true)).unread).toEqual([digest('9')]);
    expect(here(neededFor(tagged, INDEX, want(['linux/amd64'])))).toBe('ab12');
  });
});
