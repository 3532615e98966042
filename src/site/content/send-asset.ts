import type { ServerResponse } from 'node:http';
import type { OpenAsset } from '../../model/content.ts';
import type { BufferPool } from './buffer-pool.ts';

export type Sending = {
  readonly asset: OpenAsset;
  readonly response: ServerResponse;
  /** First and last byte to send, both included; nothing is sent if `last` is before `first`. */
  readonly first: number;
  readonly last: number;
  readonly pool: BufferPool;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs: number;
  /** Hears how many bytes went to the socket so far. */
  readonly onSent: (bytesSent: number) => void;
};

/** `sent`: all of it left; `gone`: the client hung up or stalled. */
export type SendOutcome = 'sent' | 'gone';

type Chunk = { readonly buffer: Uint8Array<ArrayBuffer>; readonly filled: number };

/**
 * Sends bytes of an opened asset as the body of a response whose head, with Content-Length, is written. One read is always
 * ahead of the write. Closes the asset in every case. Whatever fails, the connection is cut, so that half a file never
 * looks like a whole one.
 * @throws AppError `disk-failed` when a read fails
 */
export async function sendAsset(sending: Sending): Promise<SendOutcome> {
  const { asset, response, stallMs } = sending;
  // Node looks at what the kernel has taken of a write in progress, so a slow client is not a stalled one.
  response.setTimeout(stallMs, () => response.destroy());
  const closed = new Promise<'gone'>((resolve) => response.once('close', () => resolve('gone')));
  try {
    const outcome = await pump(sending, closed);
    if (outcome === 'sent') await finish(response, closed);
    return response.writableFinished ? 'sent' : 'gone';
  } catch (cause) {
    response.destroy();
    throw cause;
  } finally {
    await asset.close();
  }
}

async function pump(
  { asset, response, first, last, pool, onSent }: Sending,
  closed: Promise<'gone'>,
): Promise<SendOutcome> {
  const end = last + 1;
  let position = first;
  let next = read(asset, position, end, pool);
  while (position < end) {
    const { buffer, filled } = await next;
    position += filled;
    next = read(asset, position, end, pool);
    // The read ahead may fail while the write is under way; whoever awaits it later meets its error.
    next.catch(() => undefined);
    const outcome = await Promise.race([write(response, buffer.subarray(0, filled)), closed]);
    if (outcome === 'sent') pool.give(buffer);
    else pool.forget(buffer);
    if (outcome === 'gone') break;
    onSent(position - first);
  }
  pool.give((await next).buffer);
  return position < end || response.destroyed ? 'gone' : 'sent';
}

/** Fills one buffer as far as it goes; past the end it takes the smallest there is and reads nothing. */
async function read(asset: OpenAsset, position: number, end: number, pool: BufferPool): Promise<Chunk> {
  if (position >= end) return { buffer: new Uint8Array(0), filled: 0 };
  const buffer = pool.take();
  const filled = await asset.read(buffer.subarray(0, end - position), position).catch((cause: unknown) => {
    pool.give(buffer);
    throw cause;
  });
  if (filled > 0) return { buffer, filled };
  pool.give(buffer);
  throw new Error(`an asset of ${asset.sizeBytes} bytes ends at ${position}`);
}

/** Resolves when the kernel has the bytes, so that their buffer may be used again. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<SendOutcome> {
  return new Promise((resolve) => response.write(bytes, (error) => resolve(error ? 'gone' : 'sent')));
}

function finish(response: ServerResponse, closed: Promise<'gone'>): Promise<unknown> {
  return Promise.race([new Promise<void>((resolve) => response.end(resolve)), closed]);
}
