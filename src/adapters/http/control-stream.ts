import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../kernel/errors.ts';
import { parseAnswer, siteError, unreachable } from './control-client.ts';

/** A site that is silent for so long in the middle of a file has gone. */
const SILENCE_MS = 60_000;

/** Hears how many bytes have passed, of how many. */
export type OnBytes = (doneBytes: number, sizeBytes: number) => void;

/**
 * Brings a file of the running site into `into`, and answers its size in bytes once all of it is there.
 * @throws AppError the site's own error, or `site-unreachable`, also for a body that is cut off
 */
export async function fetchFromSite(
  socketPath: string,
  path: string,
  into: Writable,
  onBytes: OnBytes,
): Promise<number> {
  const ask = request({ socketPath, path, timeout: SILENCE_MS });
  const answering = answerTo(ask, socketPath);
  ask.end();
  const answer = await answering;
  if (answer.statusCode !== 200) throw siteError(answer.statusCode ?? 0, await textOf(answer));
  const sizeBytes = Number(answer.headers['content-length'] ?? 0);
  let done = 0;
  answer.on('data', (chunk: Uint8Array) => {
    done += chunk.length;
    onBytes(done, sizeBytes);
  });
  await pipeline(answer, into).catch((cause: Error) => {
    if (into.errored) throw cause;
    throw new AppError('site-unreachable', `${socketPath}: the site broke off in the middle of the file`, { cause });
  });
  return done;
}

/**
 * Sends a file to the running site, and answers what it says of it. The site may say so before it has all of it.
 * @throws AppError the site's own error, or `site-unreachable`; as `from` does
 */
export async function sendToSite<T>(
  socketPath: string,
  path: string,
  { from, sizeBytes, type }: { readonly from: Readable; readonly sizeBytes: number; readonly type: string },
  onBytes: OnBytes,
): Promise<T> {
  const headers = { 'content-type': type, 'content-length': sizeBytes, accept: 'application/json' };
  const ask = request({ socketPath, path, method: 'POST', headers });
  const answering = answerTo(ask, socketPath);
  let done = 0;
  from.on('data', (chunk: Uint8Array) => {
    done += chunk.length;
    onBytes(done, sizeBytes);
  });
  const reading = Promise.withResolvers<never>();
  from.once('error', reading.reject);
  from.pipe(ask);
  try {
    const answer = await Promise.race([answering, reading.promise]);
    const body = await textOf(answer);
    if (answer.statusCode !== 200) throw siteError(answer.statusCode ?? 0, body);
    return parseAnswer<T>(body, path);
  } finally {
    from.destroy();
    ask.destroy();
  }
}

function answerTo(ask: ClientRequest, socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    ask.once('response', resolve);
    ask.on('timeout', () => ask.destroy(new Error(`no answer within ${SILENCE_MS / 1_000} s`)));
    // Also after the answer: a site that has said no does not read the rest.
    ask.on('error', (cause) => reject(unreachable(socketPath, cause)));
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) text += chunk;
  return text;
}
