import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Harm } from './faults.ts';
import type { Seen } from './ledger.ts';
import type { MadeBlob } from './made-blob.ts';

const CHUNK = 64 * 1024;
/** A slow line is made of pieces of this many a second, so that it looks like one. */
const PIECES_PER_SECOND = 50;

/** A line of so many bytes in a second, for all who share it. */
export class Line {
  readonly bytesPerSecond: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Milliseconds to wait before so many bytes are through. */
  reserve(count: number): number {
    const now = performance.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (count * 1000) / this.bytesPerSecond;
    return this.#freeAt - now;
  }
}

export type Body = {
  readonly blob: MadeBlob;
  /** The part that is sent: from the first to before the last. */
  readonly from: number;
  readonly to: number;
  readonly harm: Harm;
  readonly lines: readonly Line[];
  readonly seen: Seen;
  readonly signal: AbortSignal;
};

/** Sends the bytes of a body as its harm says; returns when all is sent, or the connection is no more. */
export async function sendBody(response: ServerResponse, body: Body): Promise<void> {
  const stop = stopOf(body);
  const slowest = Math.min(...body.lines.map((line) => line.bytesPerSecond), CHUNK * PIECES_PER_SECOND);
  const step = Math.max(1, Math.ceil(slowest / PIECES_PER_SECOND));
  for (let at = body.from; at < stop.at && !response.destroyed; ) {
    const chunk = harmed(body, at, Math.min(stop.at, at + step));
    const waitMs = Math.max(0, ...body.lines.map((line) => line.reserve(chunk.length)));
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: body.signal });
    if (!response.write(chunk)) await drained(response);
    if (response.destroyed) return;
    body.seen.bytesSent += chunk.length;
    at += chunk.length;
  }
  await finish(response, stop.how);
}

type Stop = { readonly at: number; readonly how: 'end' | 'reset' | 'hang-up' | 'silence' };

/** What comes first of all that is to happen. */
function stopOf({ from, to, harm }: Body): Stop {
  const stops: Stop[] = [{ at: to, how: 'end' }];
  if (harm.resetAt !== undefined) stops.push({ at: harm.resetAt, how: 'reset' });
  if (harm.endAt !== undefined) stops.push({ at: harm.endAt, how: 'hang-up' });
  if (harm.silentAt !== undefined) stops.push({ at: harm.silentAt, how: 'silence' });
  // Of what lies before this part nothing is left to happen; at the same place the harm comes before the end.
  const ahead = stops.filter((stop) => stop.how === 'end' || (stop.at >= from && stop.at <= to));
  return ahead.reduce((first, stop) => (stop.at <= first.at ? stop : first));
}

function harmed({ blob, harm }: Body, from: number, to: number): Uint8Array {
  const chunk = blob.slice(from, to);
  const wrong = harm.wrongAt;
  if (wrong === undefined || wrong < from || wrong >= to) return chunk;
  const copy = chunk.slice();
  copy[wrong - from] = (copy[wrong - from] ?? 0) ^ 1;
  return copy;
}

async function finish(response: ServerResponse, how: Stop['how']): Promise<void> {
  if (how === 'end') response.end();
  if (how === 'silence' || how === 'end') return;
  // What was written has to be on its way first: a reset throws away what still waits in the socket.
  await new Promise<void>((resolve) => response.write('', () => resolve()));
  await sleep(20);
  if (how === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.destroySoon();
}

async function drained(response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const { signal } = gone;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } catch {
    // The connection failed while we waited; the caller sees that it is destroyed.
  } finally {
    gone.abort();
  }
}
