import type { ImageReference, UpstreamName } from '../kernel/image-name.ts';
import type { Platform } from '../kernel/platform.ts';

/** What a revision says of container images. */
export type Images = {
  /** The registries that this site mirrors. There are no others: what none of them names does not exist here. */
  readonly upstreams: readonly Upstream[];
  /** What the site has before anybody asks for it. */
  readonly wanted: readonly WantedImage[];
  /** How long a tag counts as known before the upstream is asked whether it still means the same. */
  readonly tagsFreshSeconds: number;
};

export type Upstream = {
  /** The registry as image names have it; clients say it by `?ns=` or as the first part of the name. */
  readonly name: UpstreamName;
  /** Where it is reached: `https://registry.example.com`, without a slash at its end. */
  readonly url: string;
  readonly credentials?: { readonly user: string; readonly secret: string };
  /** Patterns such as `pos/*`; a repository that fits none does not exist here. */
  readonly repositories: readonly string[];
  /** Who may read: anybody who can reach the site, or only machines that the site knows. */
  readonly access: 'anyone' | 'known-machines';
  /** The one that is meant where a client says none. */
  readonly isDefault: boolean;
  /** Hosts besides its own that may be asked for tokens with its credentials. */
  readonly tokenHosts: readonly string[];
  /** Certificate authorities in PEM, instead of the usual ones. */
  readonly ca?: string;
};

export type WantedImage = {
  readonly name: string;
  readonly image: ImageReference;
  /** Empty: all that the index has. */
  readonly platforms: readonly Platform[];
  /** Whether what refers to it (signatures, attestations) is fetched, too. */
  readonly referrers: boolean;
};

/** How far a wanted image is here. */
export type ImageState =
  | { readonly kind: 'complete'; readonly sizeBytes: number }
  | { readonly kind: 'partial'; readonly doneBytes: number; readonly sizeBytes: number }
  /** Nothing of it is known yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly because: string };
