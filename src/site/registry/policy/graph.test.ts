import { expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { isHere } from './graph.ts';
import type { KnownManifest } from './known.ts';

const digest = (digit: string): Digest => digit.repeat(64) as Digest;
const [INDEX, AMD, ARM] = [digest('0'), digest('1'), digest('2')];
const [LAYER, CONFIG, OTHER] = [digest('3'), digest('4'), digest('5')];

const parts = (kind: 'manifest' | 'blob', ...digests: Digest[]): KnownManifest => ({
  ...{ mediaType: '', sizeBytes: 1 },
  parts: digests.map((digest) => ({ kind, digest, sizeBytes: 1 })),
});
const manifests = new Map([
  [INDEX, parts('manifest', AMD, ARM)],
  [AMD, parts('blob', CONFIG, LAYER)],
  [ARM, parts('blob', CONFIG, OTHER)],
]);

it.each([
  ['an image with all its layers', AMD, [AMD, CONFIG, LAYER], true],
  ['one without its config', AMD, [AMD, LAYER], false],
  ['one whose own bytes are gone', AMD, [CONFIG, LAYER], false],
  ['an index with one whole image', INDEX, [INDEX, AMD, CONFIG, LAYER], true],
  ['an index whose images are half here', INDEX, [INDEX, AMD, ARM, LAYER, OTHER], false],
  ['an index without any of its images', INDEX, [INDEX, CONFIG, LAYER], false],
  ['something that nobody has read', OTHER, [OTHER], false],
])('%s', (_, digest, stored, expected) => {
  expect(isHere({ manifests }, digest, (one) => stored.includes(one))).toBe(expected);
});
