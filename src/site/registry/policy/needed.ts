import type { Digest } from '../../../kernel/digest.ts';
import { isForPlatform, type Platform } from '../../../kernel/platform.ts';
import { cosignTags } from '../codec/referrers.ts';
import type { KnownManifest, KnownRepository, ManifestPart } from './known.ts';

export type WantedParts = {
  /** Empty: all that the index has. */
  readonly platforms: readonly Platform[];
  /** Also what refers to the image: signatures, attestations. */
  readonly referrers: boolean;
};

/** What has to be here for an image to be whole, as far as its manifests are known. */
export type Needed = {
  /** All bytes, manifests included, with their sizes. */
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Manifests that nobody has read yet: what they name is not in `sizes`. */
  readonly unread: readonly Digest[];
  /** Manifests of the image and its platforms: what may have referrers. */
  readonly subjects: readonly Digest[];
  /** Wanted, and the index has none of them. */
  readonly notOffered: readonly Platform[];
};

/** Walks an image from its manifest or index down. An index stays as it is, though only some of its entries are wanted. */
export function neededFor(
  { manifests, tags }: Pick<KnownRepository, 'manifests' | 'tags'>,
  root: Digest,
  { platforms, referrers }: WantedParts,
): Needed {
  const sizes = new Map<Digest, number>();
  const unread = new Set<Digest>();
  const take = (digest: Digest): KnownManifest | undefined => {
    const manifest = manifests.get(digest);
    if (!manifest) {
      unread.add(digest);
      return undefined;
    }
    sizes.set(digest, manifest.sizeBytes);
    for (const part of manifest.parts) if (part.kind === 'blob') sizes.set(part.digest, part.sizeBytes);
    return manifest;
  };
  const top = take(root);
  const entries = (top?.parts ?? []).filter(({ kind }) => kind === 'manifest');
  const chosen = entries.filter((entry) => isChosen(entry, platforms, referrers));
  for (const { digest } of chosen) take(digest);
  const subjects = [root, ...chosen.map(({ digest }) => digest)];
  if (referrers) for (const digest of referrersOf({ manifests, tags }, subjects)) take(digest);
  const offered = entries.flatMap(({ platform }) => platform ?? []);
  const notOffered =
    entries.length === 0 ? [] : platforms.filter((wanted) => !offered.some((one) => isForPlatform(wanted, one)));
  return { sizes, unread: [...unread], subjects, notOffered };
}

/** What is known to refer to these manifests: what says so itself, and what has a tag that says so. */
function referrersOf(
  { manifests, tags }: Pick<KnownRepository, 'manifests' | 'tags'>,
  subjects: readonly Digest[],
): readonly Digest[] {
  const named = [...manifests].filter(([, { subject }]) => subject && subjects.includes(subject));
  // Talos and cosign ask for signatures by tags, whatever the registry says of referrers.
  const tagged = subjects.flatMap(cosignTags).flatMap((tag) => tags.get(tag)?.digest ?? []);
  return [...named.map(([digest]) => digest), ...tagged];
}

/** buildx puts attestations into the index as entries for the platform `unknown/unknown`. */
function isChosen({ platform }: ManifestPart, platforms: readonly Platform[], referrers: boolean): boolean {
  if (platform?.os === 'unknown') return referrers;
  if (platforms.length === 0 || !platform) return true;
  return platforms.some((wanted) => isForPlatform(wanted, platform));
}
