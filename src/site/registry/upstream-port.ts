import type { Digest } from '../../kernel/digest.ts';
import type { Reference, Repository, UpstreamName } from '../../kernel/image-name.ts';
import type { Result } from '../../kernel/result.ts';
import type { BlobSource } from '../../model/content.ts';
import type { Descriptor, Manifest } from './codec/manifest.ts';
import type { Quota } from './policy/pacing.ts';

/**
 * Why an upstream brought nothing. `unknown`: it says that there is no such thing. `refused`: it does not let this site in.
 * `busy`: it wants to be left alone for a while. `unreachable`: no answer, or none in time. `wrong`: an answer that cannot be used.
 */
export type UpstreamFailure = {
  readonly kind: 'unknown' | 'refused' | 'busy' | 'unreachable' | 'wrong';
  /** For a person, without secrets. */
  readonly because: string;
  /** The upstream, or what is known of it, asks for at least so long a pause. */
  readonly retryAfterMs?: number;
};

export type FetchedManifest = {
  readonly digest: Digest;
  readonly mediaType: string;
  /** As they came; their sha256 is `digest`. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
};

export type ManifestHead = {
  readonly digest: Digest;
  /** Where the upstream could not answer a HEAD, the whole manifest had to be fetched: here it is, and need not be once more. */
  readonly fetched?: FetchedManifest;
};

export type Ask = { readonly signal?: AbortSignal };

/** One registry that this site pulls from. However it fails, it does so in bounded time, and at once while it is known to be away. */
export interface UpstreamRegistry {
  readonly name: UpstreamName;
  /** Which manifest a tag means now; ends within two seconds. */
  head(repository: Repository, reference: Reference, ask?: Ask): Promise<Result<ManifestHead, UpstreamFailure>>;
  manifest(repository: Repository, reference: Reference, ask?: Ask): Promise<Result<FetchedManifest, UpstreamFailure>>;
  /** Whether the repository has the blob, and its size in bytes if the upstream says it; no byte of it is fetched. */
  headBlob(
    repository: Repository,
    digest: Digest,
    ask?: Ask,
  ): Promise<Result<{ readonly sizeBytes?: number }, UpstreamFailure>>;
  /** All tags, in the order of the upstream. */
  tags(repository: Repository, ask?: Ask): Promise<Result<readonly string[], UpstreamFailure>>;
  /** What refers to a manifest, by the referrers API or by the tag that stands in for it; empty if nothing does. */
  referrers(
    repository: Repository,
    subject: Digest,
    ask?: Ask,
  ): Promise<Result<readonly Descriptor[], UpstreamFailure>>;
  /** The bytes of a blob, from any of them on; each delivery asks at the registry's own address again. */
  blobSource(repository: Repository, digest: Digest): BlobSource;
  /** How much the registry still gives, if it counts: what is not urgent waits when little is left. */
  quota(): Quota | undefined;
  /** Whether it did not answer lately, so that nobody asks it for a while. */
  isAway(): boolean;
  /** Ends connections that are kept for later. */
  close(): void;
}
