/** A numbering of the events of this site, as head office counts them: from `first` on, until the next one begins. */
export type EventEpoch = { readonly epoch: string; readonly first: number };

/** How far head office has what happened here. A site without a head office has none. */
export type Outbox = {
  /** In order; the first one is named like the database. A further one begins where head office knew other events of that number. */
  readonly epochs: readonly EventEpoch[];
  /** All events up to this number are on head office's disk. */
  readonly ackedThrough: number;
  /** The last time that this became more. */
  readonly ackedAt?: number;
  /** What the next Hello brings, base64; empty: there was none yet. */
  readonly ratchet: string;
  /** Which memory of head office all this was said by. */
  readonly hubEpoch: string;
};

/** Key of the one row. */
export const OUTBOX = 'outbox';

/** The numbering that an event belongs to. */
export function epochOf(epochs: readonly EventEpoch[], seq: number): EventEpoch | undefined {
  return epochs.findLast(({ first }) => first <= seq);
}
