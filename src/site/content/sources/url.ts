import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { AppError } from '../../../kernel/errors.ts';
import type { BlobDelivery, BlobSource } from '../../../model/content.ts';
import { errnoOf } from '../disk.ts';
import { readContentRange } from '../policy/content-range.ts';
import type { SourceRequest } from './request.ts';

const MAX_REDIRECTS = 5;

/**
 * A file on a web server, from a byte on if the server knows ranges (RFC 9110 section 14.2). Raw bytes as they are stored
 * there: a client that undoes a content encoding would change the digest. No If-Range: the digest says whether both
 * parts are of one file.
 */
export function urlSource(url: string): BlobSource {
  return { label: withoutSecrets(url), deliver: (request: SourceRequest) => deliverUrl(url, request) };
}

/** Each time from the address that the template names: what it redirects to may be good for a short time only. */
async function deliverUrl(url: string, context: SourceRequest): Promise<BlobDelivery> {
  let next = parse(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await ask(next, context);
    const target = redirectTarget(response, next);
    if (!target) return deliverBody(response, context);
    response.destroy();
    next = target;
  }
  throw new Error(`redirects more than ${MAX_REDIRECTS} times`);
}

function deliverBody(response: IncomingMessage, context: SourceRequest): BlobDelivery {
  try {
    const { startsAt, sizeBytes, isError = false } = readHead(response, context.fromByte);
    const size = sizeBytes === undefined ? {} : { sizeBytes };
    if (isError) response.destroy();
    return { startsAt, ...size, chunks: isError ? nothing() : bodyOf(response, context) };
  } catch (cause) {
    response.destroy();
    throw cause;
  }
}

type Head = { readonly startsAt: number; readonly sizeBytes: number | undefined; readonly isError?: boolean };

/** Where the body begins, and how long the whole is: RFC 9110 sections 15.3.1 (200), 15.3.7 (206) and 15.5.17 (416). */
function readHead({ statusCode = 0, statusMessage = '', headers }: IncomingMessage, fromByte: number): Head {
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (statusCode === 200) return { startsAt: 0, sizeBytes: Number.isSafeInteger(length) ? length : undefined };
  const range = readContentRange(headers['content-range']);
  if (statusCode === 206 && range?.startsAt !== undefined) return { ...range, startsAt: range.startsAt };
  // All of it is here, which nobody could know while its size was not known.
  if (statusCode === 416 && range?.sizeBytes === fromByte)
    return { startsAt: fromByte, sizeBytes: fromByte, isError: true };
  const said = `the server says ${statusCode} ${statusMessage}`.trim();
  if ([401, 403, 404, 410].includes(statusCode)) throw new AppError('asset-unavailable', said);
  throw new Error(said);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Silence counts only while somebody waits for bytes: a line that is shared, or a slow disk, is not the server's fault. */
async function* bodyOf(response: IncomingMessage, { stallMs }: SourceRequest): AsyncGenerator<Uint8Array> {
  const { socket } = response;
  try {
    for await (const chunk of response) {
      socket.setTimeout(0);
      yield chunk;
      socket.setTimeout(stallMs);
    }
  } catch (cause) {
    throw describe(cause, stallMs);
  } finally {
    response.destroy();
  }
}

/** Sends one GET and answers when the headers are here; the same silence limit goes on watching the body. */
function ask(url: URL, { fromByte, stallMs, signal }: SourceRequest): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    const range = fromByte > 0 ? { range: `bytes=${fromByte}-` } : {};
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'slipway', ...range };
    const request = get(url, { headers, agent: false, signal, timeout: stallMs }, (response) => {
      // An error before anybody reads the body is met by the reader later.
      answer = response.on('error', () => undefined);
      resolve(response);
    });
    // Destroying the request alone would tell the reader of the body of a reset, not of silence.
    request.on('timeout', () => (answer ?? request).destroy(stalled(stallMs)));
    request.on('error', (cause) => reject(describe(cause, stallMs)));
  });
}

function redirectTarget(response: IncomingMessage, from: URL): URL | undefined {
  const { location } = response.headers;
  const redirects = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  return redirects && location !== undefined ? parse(location, from) : undefined;
}

function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new Error('is not an http or https address');
  return url;
}

function stalled(stallMs: number): Error {
  return Object.assign(new Error(`no byte for ${stallMs / 1000} s`), { code: 'STALLED' });
}

/** Node's network errors in the words of somebody who looks at a router. */
function describe(cause: unknown, stallMs: number): Error {
  const code = errnoOf(cause) ?? '';
  if (code === 'STALLED') return stalled(stallMs);
  return new Error(reasons[code] ?? (cause instanceof Error ? cause.message : String(cause)), { cause });
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the server is unknown (no WAN, or no DNS)',
  EAI_AGAIN: 'no DNS server answers',
  ECONNREFUSED: 'the server refuses the connection',
  ECONNRESET: 'the connection was cut off',
  ETIMEDOUT: 'the server does not answer',
  EHOSTUNREACH: 'there is no way to the server',
  ENETUNREACH: 'there is no way to the network of the server',
};

/** A URL as people may read it: without user, password and query, where credentials hide. */
export function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : 'an address that cannot be read';
}
