import type { Digest } from '../kernel/digest.ts';
import type { Asset } from './revision.ts';

/** An opened asset: verified bytes that stay readable until `close`, also if the asset is evicted meanwhile. */
export interface OpenAsset {
  readonly sizeBytes: number;
  /** Fills `into` from `position` on and answers how many bytes it wrote; 0 only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export type AssetState =
  | { readonly kind: 'complete'; readonly sizeBytes: number }
  | { readonly kind: 'filling'; readonly bytesDone: number; readonly sizeBytes?: number }
  | { readonly kind: 'failed'; readonly because: string; readonly nextTryAt: number }
  | { readonly kind: 'absent' };

/** The site's own store of assets. What it opens was verified on its way in. */
export interface ContentStore {
  /** undefined: not complete here. */
  open(digest: Digest): Promise<OpenAsset | undefined>;
  /** What is known of a digest, without touching the disk. */
  stateOf(digest: Digest): AssetState;
  /**
   * Makes sure that the asset is here, fetching it from its sources if need be; many callers share one fetch.
   * Rejects with an AppError: `asset-unavailable`, `asset-wrong-digest`, `disk-full`, `disk-failed`.
   */
  ensure(asset: Asset): Promise<void>;
  /** Replaces the set of digests that `owner` (such as a revision) needs; what nobody pins may be deleted. */
  pin(owner: string, digests: readonly Digest[]): Promise<void>;
}
