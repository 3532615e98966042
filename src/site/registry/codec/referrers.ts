import type { Digest } from '../../../kernel/digest.ts';
import { formatOciDigest, type Tag } from '../../../kernel/image-name.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';

/** The tag under which registries without the referrers API keep the same index. OCI distribution-spec, "Referrers Tag Schema". */
export function referrersTag(subject: Digest): Tag {
  return `sha256-${subject}` as Tag;
}

/** The tags that cosign gives to what it knows of an image. */
export function cosignTags(subject: Digest): readonly Tag[] {
  return ['sig', 'att', 'sbom'].map((suffix) => `sha256-${subject}.${suffix}` as Tag);
}

/** Whether a tag is one of those: who asks for it proves a signature, and reads only the parts that this takes. */
export function isReferrerTag(tag: Tag): boolean {
  return /^sha256-[0-9a-f]{64}(\.[a-z]+)?$/.test(tag);
}

/** The index that answers `GET /referrers/<digest>`; empty if nothing refers to it, which is no failure. */
export function formatReferrers(manifests: readonly Descriptor[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: manifests.map(({ digest, sizeBytes, ...rest }) => ({
      ...rest,
      digest: formatOciDigest(digest),
      size: sizeBytes,
    })),
  });
}

/** The entries of such an index; undefined if the text is none. */
export function parseReferrers(text: string): readonly Descriptor[] | undefined {
  const read = parseManifest(text, OCI_INDEX);
  return read.ok && read.value.kind === 'index' ? read.value.manifests : undefined;
}

/** As `?artifactType=` has it. */
export function onlyOfType(manifests: readonly Descriptor[], artifactType: string | undefined): readonly Descriptor[] {
  return artifactType === undefined ? manifests : manifests.filter((each) => each.artifactType === artifactType);
}

/**
 * How a manifest with a subject stands in the list of what refers to it.
 * OCI distribution-spec, "Listing Referrers": without an artifact type of its own, that of an image is its config's.
 */
export function referrerOf(manifest: Manifest, digest: Digest, sizeBytes: number): Descriptor {
  const ofConfig = manifest.kind === 'image' ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? ofConfig;
  return {
    mediaType: manifest.mediaType,
    digest,
    sizeBytes,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations ? { annotations: manifest.annotations } : {}),
  };
}
