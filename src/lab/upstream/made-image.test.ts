import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { makeBlob, makeLayer } from './made-blob.ts';
import { makeImage } from './made-image.ts';

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

it.each([0, 1, 65_536, 65_537, 200_001])('a blob of %i bytes has the digest that it says', (size) => {
  const blob = makeBlob('a', size);
  const whole = blob.slice(0, size);
  expect([whole.length, sha256(whole)]).toEqual([size, blob.digest]);
  expect(Buffer.from(blob.slice(70_000, 140_000)).equals(whole.subarray(70_000, 140_000))).toBe(true);
  expect(makeBlob('b', 100).digest).not.toBe(makeBlob('a', 100).digest);
});

it.each([1, 4096, 300_000])('a layer of %i bytes is a tar archive', (size) => {
  const layer = makeLayer('x/1', size);
  const bytes = Buffer.from(layer.slice(0, layer.sizeBytes));
  expect(layer.sizeBytes).toBeGreaterThanOrEqual(size);
  expect(layer.sizeBytes % 512).toBe(0);
  expect(sha256(bytes)).toBe(layer.digest);
  expect(bytes.toString('latin1', 257, 262)).toBe('ustar');
  expect(bytes.toString('latin1', 0, 13)).toBe('layer-x-1.bin');
  expect(Number.parseInt(bytes.toString('latin1', 124, 135), 8)).toBe(layer.sizeBytes - 1536);
  expect(bytes.subarray(-1024).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(512, -1024).every((byte) => byte === 0)).toBe(false);
});

it('makes an index of the platforms, each with layers of its own', () => {
  const image = makeImage({ seed: 's', platforms: ['linux/amd64', 'linux/arm64/v8'], layers: [2048] });
  const index = JSON.parse(Buffer.from(image.top.slice(0, image.top.sizeBytes)).toString());
  expect(index.manifests.map((each: { platform: unknown }) => each.platform)).toEqual([
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
  ]);
  expect([image.manifests.length, new Set(image.blobs.map((blob) => blob.digest)).size]).toEqual([3, 4]);
  expect(makeImage({ seed: 's' }).manifests).toHaveLength(1);
});
