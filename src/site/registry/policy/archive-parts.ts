import type { Digest } from '../../../kernel/digest.ts';
import type { Reference } from '../../../kernel/image-name.ts';
import type { KnownRepository } from './known.ts';

/** What of an image goes into an archive. */
export type ArchiveParts = {
  /** Manifests and indexes, with their sizes in bytes; that of the image itself among them. */
  readonly manifests: ReadonlyMap<Digest, number>;
  /** Configs and layers. */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** What has to be named to be found again: signatures and other manifests about the image. */
  readonly besides: readonly { readonly reference: Reference; readonly digest: Digest }[];
};

/**
 * An image with all that is here of it: of an index the platforms that are here whole, and what signs or describes any of
 * it, also by tags such as `sha256-….sig`.
 * @param isStored whether the bytes of a digest are complete here
 * @returns undefined: not even one platform is here whole
 */
export function archiveParts(
  known: KnownRepository,
  root: Digest,
  isStored: (digest: Digest) => boolean,
): ArchiveParts | undefined {
  const taking: Taking = { known, isStored, manifests: new Map(), blobs: new Map() };
  if (!take(taking, root)) return undefined;
  const { manifests, blobs } = taking;
  const about = [...takeReferrers(taking)];
  return { manifests, blobs, besides: [...about, ...takeTagged(taking)] };
}

type Taking = {
  readonly known: KnownRepository;
  readonly isStored: (digest: Digest) => boolean;
  readonly manifests: Map<Digest, number>;
  readonly blobs: Map<Digest, number>;
};

/** Whether it is here whole; then it is taken. */
function take(taking: Taking, digest: Digest): boolean {
  const { known, isStored, manifests, blobs } = taking;
  const manifest = known.manifests.get(digest);
  if (!manifest || !isStored(digest)) return false;
  const own = manifest.parts.filter(({ kind }) => kind === 'blob');
  if (!own.every((part) => isStored(part.digest))) return false;
  // An index is worth taking with one image in it; an empty one is as whole as it can be.
  const images = manifest.parts.filter(({ kind }) => kind === 'manifest');
  const taken = images.filter((part) => take(taking, part.digest));
  if (taken.length === 0 && images.length > 0) return false;
  manifests.set(digest, manifest.sizeBytes);
  for (const part of own) blobs.set(part.digest, part.sizeBytes);
  return true;
}

/** Also those that are about what is about the image: a signature of a list of its contents. */
function* takeReferrers(taking: Taking): Generator<ArchiveParts['besides'][number]> {
  for (let before = 0; before !== taking.manifests.size; ) {
    before = taking.manifests.size;
    for (const [digest, { subject }] of taking.known.manifests) {
      if (!subject || !taking.manifests.has(subject) || taking.manifests.has(digest)) continue;
      if (take(taking, digest)) yield { reference: { kind: 'digest', digest }, digest };
    }
  }
}

/** cosign and Talos look for signatures under a tag that is made of the digest. */
function* takeTagged(taking: Taking): Generator<ArchiveParts['besides'][number]> {
  for (const [tag, { digest }] of taking.known.tags) {
    const subject = /^sha256-([0-9a-f]{64})(?:\.[a-z]+)?$/.exec(tag)?.[1];
    if (subject === undefined || !taking.manifests.has(subject as Digest)) continue;
    if (take(taking, digest)) yield { reference: { kind: 'tag', tag }, digest };
  }
}
