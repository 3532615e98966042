import type { AppError } from '../../kernel/errors.ts';
import type { Clock, Random } from '../../kernel/ports.ts';
import type { BlobSource } from '../../model/content.ts';
import type { Layout } from './layout.ts';
import type { Turnstile } from './turnstile.ts';

/** What a fill needs of its store. */
export type FillDeps = {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  readonly turnstile: Turnstile;
  readonly stallMs: number;
  /** A source that sends more is cut off: it must not fill the disk before its digest can be checked. */
  readonly maxBytes: number;
  /** Makes sure that so many bytes more fit on the disk; rejects with `disk-full`. */
  readonly checkRoom: (bytes: number) => Promise<void>;
  /** Why nothing of it is put on the disk; undefined: it is, as long as there is room. */
  readonly unkept: AppError | undefined;
  readonly isPinned: () => boolean;
  /** Why a source is not asked now; undefined: it may be. */
  readonly barred: (source: BlobSource) => string | undefined;
  /** Hears that the bytes have another digest; no source: they are not of one alone. */
  readonly onWrong: (source: BlobSource | undefined, because: string) => void;
  /** Hears the size, or why it is not here, before anybody else does. */
  readonly onEnd: (outcome: number | AppError) => void;
  /** Aborted when the site stops: what is here is kept. */
  readonly signal: AbortSignal;
};
