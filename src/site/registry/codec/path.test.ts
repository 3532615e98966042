import { describe, expect, it } from 'vitest';
import { parseRegistryPath } from './path.ts';

const hex = '0f'.repeat(32);

describe('paths under /v2/', () => {
  it.each([
    ['/v2/', { kind: 'ping' }],
    ['/v2', { kind: 'ping' }],
    ['/v2/pos/app/manifests/1.4', { kind: 'manifest', name: 'pos/app', reference: { kind: 'tag', tag: '1.4' } }],
    [`/v2/a/manifests/sha256:${hex}`, { kind: 'manifest', name: 'a', reference: { kind: 'digest', digest: hex } }],
    [`/v2/a/manifests/sha256%3A${hex}`, { kind: 'manifest', name: 'a', reference: { kind: 'digest', digest: hex } }],
    [`/v2/a/blobs/sha256:${hex}`, { kind: 'blob', name: 'a', digest: hex }],
    ['/v2/a/tags/list', { kind: 'tags', name: 'a' }],
    [`/v2/a/referrers/sha256:${hex}`, { kind: 'referrers', name: 'a', digest: hex }],
    [
      '/v2/registry:5000/a/manifests/1',
      { kind: 'manifest', name: 'registry:5000/a', reference: { kind: 'tag', tag: '1' } },
    ],
    // the words of the protocol are names as good as others
    ['/v2/a/manifests/b/tags/list', { kind: 'tags', name: 'a/manifests/b' }],
    ['/v2/a/tags/list/manifests/1', { kind: 'manifest', name: 'a/tags/list', reference: { kind: 'tag', tag: '1' } }],
    [`/v2/blobs/x/blobs/sha256:${hex}`, { kind: 'blob', name: 'blobs/x', digest: hex }],
  ])('reads %s', (path, value) => {
    expect(parseRegistryPath(path)).toEqual({ ok: true, value });
  });

  it.each([
    ['/v2/_catalog', 'UNSUPPORTED'],
    ['/v2/a/blobs/uploads/', 'UNSUPPORTED'],
    ['/v2/manifests/1', 'UNSUPPORTED'],
    ['/v2/a/blobs/sha256:12', 'DIGEST_INVALID'],
    [`/v2/a/blobs/${hex}`, 'DIGEST_INVALID'],
    [`/v2/a/manifests/sha256:${hex.toUpperCase()}`, 'DIGEST_INVALID'],
    [`/v2/a/referrers/md5:${hex}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha512:${hex}${hex}`, 'BLOB_UNKNOWN'],
    [`/v2/a/manifests/sha512:${hex}${hex}`, 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/.x', 'MANIFEST_UNKNOWN'],
    ['/v2/a%2/manifests/x', 'NAME_INVALID'],
  ])('refuses %s with %s', (path, code) => {
    expect(parseRegistryPath(path)).toMatchObject({ ok: false, error: { code } });
  });
});
