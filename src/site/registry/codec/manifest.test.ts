import { describe, expect, it } from 'vitest';
import { childrenOf, parseManifest } from './manifest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';
import { formatReferrers, onlyOfType, parseReferrers, referrerOf } from './referrers.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const part = (digit: string, size: number, more: object = {}) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: digest(digit),
  size,
  ...more,
});
const image = {
  schemaVersion: 2,
  config: part('c', 10, { mediaType: 'application/vnd.oci.image.config.v1+json' }),
  layers: [part('1', 100), part('2', 200, { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' })],
};
const index = {
  schemaVersion: 2,
  manifests: [
    part('a', 1, { mediaType: OCI_MANIFEST, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }),
    part('b', 2, {
      mediaType: OCI_MANIFEST,
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest', n: 1 },
    }),
  ],
};

const many = (length: number) => ({ schemaVersion: 2, manifests: Array(length).fill(part('a', 1)) });
const read = (value: unknown, contentType?: string) => parseManifest(JSON.stringify(value), contentType);

function mustRead(value: unknown, contentType?: string) {
  const parsed = read(value, contentType);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe('manifests', () => {
  it('reads an image and leaves out what no registry has', () => {
    const manifest = mustRead(image, OCI_MANIFEST);
    expect(childrenOf(manifest).map((child) => [child.digest[0], child.sizeBytes])).toEqual([
      ['c', 10],
      ['1', 100],
    ]);
  });

  it('reads an index with platforms', () => {
    const [arm, attestation] = childrenOf(mustRead(index, `${OCI_INDEX}; charset=utf-8`));
    expect(arm?.platform).toEqual({ os: 'linux', architecture: 'arm64', variant: 'v8' });
    expect(attestation?.annotations).toEqual({ 'vnd.docker.reference.type': 'attestation-manifest' });
  });

  it.each([
    [image, DOCKER_MANIFEST, DOCKER_MANIFEST],
    [index, DOCKER_LIST, DOCKER_LIST],
    [{ ...index, mediaType: DOCKER_LIST }, 'application/json', DOCKER_LIST],
    [{ ...image, mediaType: OCI_MANIFEST }, undefined, OCI_MANIFEST],
    [image, undefined, OCI_MANIFEST],
    [index, 'text/plain', OCI_INDEX],
  ])('knows the kind from the header, the inside or the shape (%#)', (value, contentType, mediaType) => {
    expect(mustRead(value, contentType).mediaType).toBe(mediaType);
  });

  it.each([
    ['a list', [], /no JSON object/],
    ['an image that is an index', { ...image, ...index }, /image and an index/],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, /not known/],
    ['another kind', { ...image, mediaType: 'application/vnd.example' }, /not known/],
    ['no layers', { ...image, mediaType: OCI_MANIFEST, layers: undefined }, /no list of layers/],
    ['sha512', { ...image, config: { ...image.config, digest: `sha512:${'a'.repeat(128)}` } }, /config has no sha256/],
    ['a negative size', { ...image, layers: [part('1', -1)] }, /layers\[0\] has no size/],
    ['a subject of nothing', { ...image, subject: 'x' }, /subject is no descriptor/],
  ])('refuses %s', (_name, value, reason) => {
    expect(read(value)).toEqual({ ok: false, error: expect.stringMatching(reason) });
  });

  it('refuses schema 1 by its header, however it looks', () => {
    expect(read(image, 'application/vnd.docker.distribution.manifest.v1+prettyjws').ok).toBe(false);
  });

  it('lists what refers to an image, by type', () => {
    const signature = mustRead({
      ...image,
      subject: part('a', 5),
      artifactType: 'application/x.sig',
      annotations: { k: 'v' },
    });
    const subject = childrenOf(signature)[0]?.digest;
    if (!subject) throw new Error('no child');
    const entries = [referrerOf(signature, subject, 7), referrerOf(mustRead(image), subject, 8)];
    expect(entries.map((entry) => entry.artifactType)).toEqual([
      'application/x.sig',
      'application/vnd.oci.image.config.v1+json',
    ]);
    expect(parseReferrers(formatReferrers(entries))).toEqual(entries);
    expect(onlyOfType(entries, 'application/x.sig')).toEqual([entries[0]]);
    expect(parseReferrers(JSON.stringify(image))).toBeUndefined();
  });
});

it('an index that names more than anybody needs is not read, since all of it would stay in memory', () => {
  expect(read(many(4_096)).ok).toBe(true);
  expect(read(many(4_097))).toEqual({ ok: false, error: 'has more than 4096 manifests' });
});
