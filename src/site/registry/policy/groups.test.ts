import { expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { groupsIn } from './groups.ts';
import type { KnownManifest, ManifestPart } from './known.ts';

const part = (kind: ManifestPart['kind'], digest: string): ManifestPart => ({
  ...{ kind, digest: digest as Digest, sizeBytes: 1 },
});
const manifest = (...parts: ManifestPart[]): KnownManifest => ({ mediaType: 'm', sizeBytes: 1, parts });

it('a manifest goes with its blobs, and an index leads to its manifests', () => {
  const manifests = new Map([
    ['index' as Digest, manifest(part('manifest', 'amd64'), part('manifest', 'arm64'))],
    ['amd64' as Digest, manifest(part('blob', 'config'), part('blob', 'layer'))],
  ]);
  expect(groupsIn([{ manifests }])).toEqual([
    { head: 'index', parts: [], leadsTo: ['amd64', 'arm64'] },
    { head: 'amd64', parts: ['config', 'layer'], leadsTo: [] },
  ]);
});
