import { AppError } from '../../kernel/errors.ts';
import type { BlobDelivery } from '../../model/content.ts';
import type { FillEvent } from './policy/fill-machine.ts';

export type Receiving = {
  readonly delivery: BlobDelivery;
  /** Of the whole, if it is known. */
  readonly sizeBytes: number | undefined;
  readonly maxBytes: number;
  /** How many bytes of the delivery are here already. */
  readonly skip: number;
  /** How many bytes are here before it. */
  readonly here: number;
  /** Resolves when the bytes are written; what it rejects with is our own fault. */
  readonly keep: (bytes: Uint8Array) => Promise<void>;
  readonly monotonic: () => number;
};

/** Why a source brings nothing more. */
export type SourceFailure = Pick<Extract<FillEvent, { kind: 'refused' }>, 'because' | 'isFinal' | 'code'>;

/** `failure` is missing if the source came to its end, or to the end of the file. */
export type Received = {
  readonly here: number;
  readonly movedAt: number | undefined;
  readonly failure?: SourceFailure;
  /** Resolves when the source has nothing more to say, or says more than it should. */
  readonly rest: Promise<unknown>;
};

/** Takes the bytes of a delivery one piece at a time, and never one more than the file has. It is for the caller to end it. */
export async function receive(receiving: Receiving): Promise<Received> {
  const { delivery, sizeBytes = Number.POSITIVE_INFINITY, maxBytes, keep, monotonic } = receiving;
  let { here, skip } = receiving;
  let movedAt: number | undefined;
  const chunks = delivery.chunks[Symbol.asyncIterator]();
  while (here < sizeBytes) {
    const next = await nextOf(chunks);
    if (next.kind === 'end') return { here, movedAt, rest: NOTHING };
    if (next.kind === 'failure') return { here, movedAt, failure: failureOf(next.cause), rest: NOTHING };
    const passed = Math.min(skip, next.bytes.length);
    skip -= passed;
    const bytes = next.bytes.subarray(passed, Math.min(next.bytes.length, passed + sizeBytes - here));
    if (bytes.length === 0) continue;
    if (here + bytes.length > maxBytes) return { here, movedAt, failure: tooMuch(maxBytes), rest: NOTHING };
    await keep(bytes);
    here += bytes.length;
    movedAt = monotonic();
  }
  // The end of an answer gives its connection back to whoever keeps it; so it is heard, but not waited for.
  return { here, movedAt, rest: nextOf(chunks) };
}

const NOTHING = Promise.resolve();

/** An AppError of a source says that asking again is of no use. */
export function failureOf(cause: unknown): SourceFailure {
  const code = cause instanceof AppError ? cause.code : undefined;
  return { because: cause instanceof Error ? cause.message : String(cause), isFinal: code !== undefined, code };
}

function tooMuch(maxBytes: number): SourceFailure {
  return { because: `sends more than ${maxBytes} bytes`, isFinal: true, code: undefined };
}

type Next =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly cause: unknown };

async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<Next> {
  try {
    const { done, value } = await chunks.next();
    return done ? { kind: 'end' } : { kind: 'bytes', bytes: value };
  } catch (cause) {
    return { kind: 'failure', cause };
  }
}
