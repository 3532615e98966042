import type { ServerResponse } from 'node:http';
import type { OpenAsset } from '../../model/content.ts';
import type { Reading, SharedPages } from './shared-pages.ts';

export type Sending = {
  readonly asset: OpenAsset;
  readonly response: ServerResponse;
  /** First and last byte to send, both included; nothing is sent if `last` is before `first`. */
  readonly first: number;
  readonly last: number;
  readonly pages: SharedPages;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs: number;
  /** Hears how many bytes went to the socket so far. */
  readonly onSent: (bytesSent: number) => void;
};

/** `sent`: all of it left; `gone`: the client hung up or stalled. */
export type SendOutcome = 'sent' | 'gone';

/**
 * Sends bytes of an opened asset as the body of a response whose head, with Content-Length, is written. One read is always
 * ahead of the write. Closes the asset in every case. Whatever fails, the connection is cut, so that half a file never
 * looks like a whole one.
 * @throws AppError `disk-failed` when a read fails
 */
export async function sendAsset(sending: Sending): Promise<SendOutcome> {
  const { asset, response, pages, stallMs } = sending;
  const { write, isWriting } = createWrite(response);
  // Node looks at what the kernel has taken of a write in progress, so a slow client is not a stalled one; nor is one that
  // itself waits for bytes that are still on their way to us.
  response.setTimeout(stallMs, () => isWriting() && response.destroy());
  // A read that waits for such bytes would not notice that nobody wants them any more.
  if (asset.version === undefined) response.once('close', () => void asset.close());
  const reading = pages.open(asset);
  try {
    const outcome = await pump(sending, reading, write);
    if (outcome === 'sent') await write((done) => response.end(done));
    return response.writableFinished ? 'sent' : 'gone';
  } catch (cause) {
    if (response.destroyed) return 'gone';
    response.destroy();
    throw cause;
  } finally {
    reading.close();
    await asset.close();
  }
}

async function pump({ response, first, last, onSent }: Sending, reading: Reading, write: Write): Promise<SendOutcome> {
  const end = last + 1;
  let position = first;
  const readOn = () => (position < end ? reading.read(position, end) : undefined);
  let next = readOn();
  while (next) {
    const { bytes, giveBack } = await next;
    position += bytes.length;
    next = readOn();
    // The read ahead may fail while the write is under way; whoever awaits it later meets its error.
    next?.catch(() => undefined);
    const outcome = await write((done) => response.write(bytes, done));
    giveBack(outcome === 'gone');
    if (outcome === 'gone') {
      (await next)?.giveBack();
      return 'gone';
    }
    onSent(position - first);
  }
  return response.destroyed ? 'gone' : 'sent';
}

/** Resolves when the kernel has what was written, so that its buffer may be used again, or the connection is closed. */
type Write = (start: (done: (error?: Error | null) => void) => void) => Promise<SendOutcome>;

/** One listener for all writes: of a race with a promise per write, each write of a long file would leave a piece. */
function createWrite(response: ServerResponse): { readonly write: Write; readonly isWriting: () => boolean } {
  let settle: ((outcome: SendOutcome) => void) | undefined;
  let isClosed = response.destroyed;
  response.once('close', () => {
    isClosed = true;
    settle?.('gone');
  });
  const write: Write = (start) =>
    new Promise((resolve) => {
      settle = (outcome) => {
        settle = undefined;
        resolve(outcome);
      };
      const end = settle;
      if (isClosed) end('gone');
      else start((error) => end(error ? 'gone' : 'sent'));
    });
  return { write, isWriting: () => settle !== undefined };
}
