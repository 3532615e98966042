import type { Digest } from '../kernel/digest.ts';
import type { StopSignal } from '../kernel/ports.ts';
import type { Asset } from './revision.ts';

/** An opened asset: bytes that stay readable until `close`, also if the asset is evicted meanwhile. */
export interface OpenAsset {
  /** Of the whole. */
  readonly sizeBytes: number;
  /** Whatever is opened with the same version has the same bytes; undefined: they are not all here yet. */
  readonly version?: string;
  /**
   * Fills `into` from `position` on and answers how many bytes it wrote; 0 only at the end. Of a file that is still on its
   * way it waits for what has not come, and rejects with an AppError when that will not come: whoever sends it on must then
   * cut the connection, since a short body that looks whole is the worst answer a mirror can give.
   */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export type AssetState =
  | { readonly kind: 'complete'; readonly sizeBytes: number }
  | { readonly kind: 'filling'; readonly bytesDone: number; readonly sizeBytes?: number }
  | { readonly kind: 'failed'; readonly because: string; readonly nextTryAt: number }
  | { readonly kind: 'absent' };

/** Who waits for bytes, most urgent first; one fill has the urgency of the most urgent who wants it. */
export const FILL_PRIORITIES = ['boot', 'client', 'prefetch', 'scrub'] as const;
export type FillPriority = (typeof FILL_PRIORITIES)[number];

export type BlobRequest = {
  /** How much of it is here already: RFC 9110 section 14.2, `Range: bytes=<fromByte>-`, if it is not 0. */
  readonly fromByte: number;
  /** A source that is silent for so long, before its answer or within it, must reject by itself. */
  readonly stallMs: number;
  /** How urgent the bytes are now; it may change while they come. */
  readonly priority: () => FillPriority;
  /** Aborted when the site stops. The store gives an AbortSignal, and an edge may say so in its own signature. */
  readonly signal: StopSignal;
};

/** Bytes on their way from a source. Nothing of it is trusted: the store counts and hashes. */
export type BlobDelivery = {
  /** Where the bytes really start: `fromByte`, or less if the source ignores ranges (then what is here is skipped). */
  readonly startsAt: number;
  /** Of the whole, as the source says, if it says. */
  readonly sizeBytes?: number;
  /** Pulled one by one, so that a slow disk slows the source. Ending it early (`return`) hangs up. */
  readonly chunks: AsyncIterable<Uint8Array>;
};

/** Where bytes of one digest can be had. */
export interface BlobSource {
  /** For people, and what a source is known by when it has delivered other bytes; without secrets. */
  readonly label: string;
  /**
   * Rejects, or its chunks do, with an Error whose message says why in a few words. An AppError says that asking again is
   * of no use (404, 401, 403): its code becomes that of the whole if no other source helps.
   */
  deliver(request: BlobRequest): Promise<BlobDelivery>;
}

/** Bytes that somebody wants now, and where to get them. */
export type WantedBlob = {
  readonly digest: Digest;
  /** For people. */
  readonly name: string;
  /** Of the whole, if a descriptor or a template says it; a source that says another size is not used. */
  readonly sizeBytes?: number;
  /** Asked one after the other. */
  readonly sources: readonly BlobSource[];
  readonly priority: FillPriority;
};

/** What a store of files finds out that somebody should know. `name` is for people. */
export type ContentNews =
  /** The disk has no room for it: why. */
  | { readonly kind: 'no-room'; readonly digest: Digest; readonly name: string; readonly because: string }
  /** After that: something was kept again. */
  | { readonly kind: 'room-again' }
  /** It is not what it was, and out of the way. */
  | { readonly kind: 'damaged'; readonly digest: Digest; readonly because: string }
  /** What was damaged is here again. */
  | { readonly kind: 'healed'; readonly digest: Digest }
  /** `source` sent other bytes than those of the digest, which were thrown away. */
  | { readonly kind: 'wrong-bytes'; readonly digest: Digest; readonly name: string; readonly source: string };

/** Files that are of use only together, such as a manifest and its layers. */
export type FileGroup = {
  /** Names the others, and was used when any of them was. */
  readonly head: Digest;
  readonly parts: readonly Digest[];
  /** Heads of other groups that are reached by this one: it was used when they were. */
  readonly leadsTo: readonly Digest[];
};

/** Somebody who knows which files belong together. */
export type FileGroups = {
  readonly groups: () => readonly FileGroup[];
  /** These were deleted to make room. */
  readonly onGone: (digests: ReadonlySet<Digest>) => void;
};

/** What a look through all stored files found. */
export type ScrubReport = { readonly files: number; readonly damaged: number };

/** Bytes that somebody brings, such as on a stick. Nothing of it is trusted. */
export type BroughtBlob = {
  readonly digest: Digest;
  /** For people. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
};

/** Where brought bytes are taken in. */
export interface BlobIntake {
  /**
   * Keeps what is brought, if it is what its digest says. Resolves when it is safe on disk; of what was here before
   * the bytes are checked all the same, so that who brings it is known to have it. A fill of it goes on by itself. Rejects with `asset-wrong-digest`, `archive-invalid`,
   * `disk-full`, `disk-failed` or as its chunks do; then nothing of it is kept.
   */
  put(brought: BroughtBlob): Promise<void>;
}

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
  /**
   * Bytes that are here or on their way. Resolves when they are here, or a source has answered and the size of the whole is
   * known: so whoever asks can still be told "not here" as long as nothing is. `read` never gives the last 64 KiB before the
   * digest is right. However many callers, one fill; closing what was opened never ends it.
   * Rejects with an AppError as `ensure` does, or with the code on which all sources agree.
   */
  follow(wanted: WantedBlob): Promise<OpenAsset>;
  /** As `ensure`, of bytes that no template names. */
  fetch(wanted: WantedBlob): Promise<void>;
  /** Replaces the set of digests that `owner` (such as a revision) needs; what nobody pins may be deleted. */
  pin(owner: string, digests: readonly Digest[]): Promise<void>;
}
