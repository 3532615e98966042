import type { ErrorCode } from '../../../kernel/errors.ts';
import { AppError } from '../../../kernel/errors.ts';
import type { BlobDelivery, BlobSource } from '../../../model/content.ts';
import type { SourceRequest } from '../sources/request.ts';

/** What a source does when it is asked; all of it well, if nothing is named. */
export type FakeAnswer = {
  readonly refuses?: string;
  readonly gone?: ErrorCode;
  /** The connection is cut after so many bytes of this answer. */
  readonly cutAfter?: number;
  readonly ignoresRange?: boolean;
  /** `undefined`: it says none. */
  readonly saysSize?: number | undefined;
  /** This byte of the file comes wrong. */
  readonly flips?: number;
  /** Waits before it sends this byte of the file. */
  readonly gate?: { readonly at: number; readonly open: Promise<void> };
};

export type FakeSource = BlobSource & {
  /** From which byte it was asked, each time. */
  readonly asked: number[];
  bytesSent: number;
  /** How many of its deliveries run, and how many did at most. */
  running: number;
  most: number;
};

/** A source of `bytes` that goes through its answers, and stays with the last one. */
export function createFakeSource(
  label: string,
  bytes: Uint8Array,
  answers: readonly FakeAnswer[] = [],
  pieceBytes = 16_384,
) {
  const asked: number[] = [];
  const deliver = async ({ fromByte, signal }: SourceRequest): Promise<BlobDelivery> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? {};
    asked.push(fromByte);
    await Promise.resolve();
    if (answer.gone) throw new AppError(answer.gone, 'is not there');
    if (answer.refuses !== undefined) throw new Error(answer.refuses);
    const startsAt = answer.ignoresRange ? 0 : fromByte;
    const sizeBytes = 'saysSize' in answer ? answer.saysSize : bytes.length;
    const size = sizeBytes === undefined ? {} : { sizeBytes };
    return { startsAt, ...size, chunks: send(answer, startsAt, signal) };
  };
  const source: FakeSource = { label, deliver, asked, bytesSent: 0, running: 0, most: 0 };

  async function* send(answer: FakeAnswer, startsAt: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    source.running++;
    source.most = Math.max(source.most, source.running);
    try {
      for await (const piece of piecesOf(bytes, answer, startsAt, signal, pieceBytes)) {
        source.bytesSent += piece.length;
        yield piece;
      }
    } finally {
      source.running--;
    }
  }

  return source;
}

async function* piecesOf(
  bytes: Uint8Array,
  { cutAfter = bytes.length, gate, flips = -1 }: FakeAnswer,
  startsAt: number,
  signal: AbortSignal,
  pieceBytes: number,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(bytes.length, startsAt + cutAfter);
  const gateAt = gate?.at ?? end;
  for (let at = startsAt; at < end; ) {
    if (gate && gateAt === at) await Promise.race([gate.open, aborted(signal)]);
    if (signal.aborted) throw new Error('was aborted');
    const piece = bytes.slice(at, Math.min(at + pieceBytes, end, at < gateAt ? gateAt : end));
    const flipped = piece[flips - at];
    if (flipped !== undefined) piece[flips - at] = flipped ^ 1;
    at += piece.length;
    yield piece;
  }
  if (end < bytes.length) throw new Error('the connection was cut off');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
