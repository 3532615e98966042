import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { formatImageReference, type ImageReference, parseImageReference } from '../../../kernel/image-name.ts';
import { nameInArchive, parseArchivePath, talosBlobPath, talosManifestPath } from './archive.ts';

const HEX = 'ab'.repeat(32) as Digest;
const ref = (text: string): ImageReference => parseImageReference(text) as ImageReference;

describe('a path of an archive', () => {
  it.each([
    ['oci-layout', 'layout'],
    ['./index.json', 'index'],
    [`blobs/sha256/${HEX}`, 'blob'],
    [`./blobs/sha256/${HEX}`, 'blob'],
    [`blob/sha256-${HEX}`, 'blob'],
    [`blob/sha256:${HEX}`, 'blob'],
    ['manifests/docker.io/library/debian/reference/12', 'manifest'],
    [`blobs/sha256/${HEX}/x`, 'other'],
    [`blobs/sha256/${HEX.toUpperCase()}`, 'other'],
    ['blobs/sha512/00', 'other'],
    ['blobs/', 'other'],
    ['manifest.json', 'other'],
    ['manifests/docker.io/reference/12', 'other'],
    ['', 'other'],
  ])('%s is read', (path, kind) => {
    expect(parseArchivePath(path)?.kind).toBe(kind);
  });

  it.each(['/index.json', '../index.json', 'blobs/../../x', './../x', 'a\\b', 'a\0b', '..'])('%j leads out', (path) => {
    expect(parseArchivePath(path)).toBeUndefined();
  });

  it.each([
    'docker.io/library/debian:12',
    'registry.example.com:5443/pos/app:1.4',
    `registry.example.com/a/b/c@sha256:${HEX}`,
  ])('of Talos says the image %s', (name) => {
    const place = parseArchivePath(talosManifestPath(ref(name)));
    expect(place?.kind === 'manifest' && formatImageReference(place.image)).toBe(name);
  });

  it('of Talos is as its cache has it', () => {
    expect(talosBlobPath(HEX)).toBe(`blob/sha256-${HEX}`);
    expect(talosManifestPath(ref('registry.example.com:5443/pos/app:1.4'))).toBe(
      'manifests/registry.example.com_5443_/pos/app/reference/1.4',
    );
  });
});

it.each([
  [{ 'io.containerd.image.name': 'docker.io/library/debian:12', 'org.opencontainers.image.ref.name': '12' }, true],
  [{ 'org.opencontainers.image.ref.name': 'registry.example.com/pos/app:1.4' }, true],
  [{ 'org.opencontainers.image.ref.name': '1.4' }, false],
  [{ 'org.opencontainers.image.ref.name': 'pos/app:1.4' }, false],
  [{ 'org.opencontainers.image.ref.name': 'registry.example.com/POS' }, false],
  [undefined, false],
])('%j is a full name: %s', (annotations, isFull) => {
  const descriptor = { mediaType: '', digest: HEX, sizeBytes: 1, ...(annotations && { annotations }) };
  expect(nameInArchive(descriptor) !== undefined).toBe(isFull);
});
