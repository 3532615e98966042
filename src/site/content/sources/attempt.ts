/** Bytes on their way from a source. `sizeBytes` is what the source says, if it says. */
export type Delivery = { readonly sizeBytes?: number; readonly chunks: AsyncIterable<Uint8Array> };

export type AttemptContext = {
  /** An existing folder for what the attempt needs to put down; the caller drops it. */
  readonly scratchDir: string;
  /** A source that is silent for so long has failed. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
};

/**
 * One way to come by an asset. `label` names it to a person. `deliver` rejects, or its chunks do, with an Error whose
 * message says why in a few words; nothing is trusted, since the bytes are checked by whoever reads them.
 */
export type Attempt = {
  readonly label: string;
  deliver(context: AttemptContext): Promise<Delivery>;
};
