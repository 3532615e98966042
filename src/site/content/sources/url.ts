import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { errnoOf } from '../disk.ts';
import type { Attempt, AttemptContext, Delivery } from './attempt.ts';

const MAX_REDIRECTS = 5;

/** A file on a web server. Raw bytes as they are stored there: a client that undoes a content encoding would change the digest. */
export function urlAttempt(url: string): Attempt {
  return { label: withoutSecrets(url), deliver: (context) => deliverUrl(url, context) };
}

async function deliverUrl(url: string, context: AttemptContext): Promise<Delivery> {
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

function deliverBody(response: IncomingMessage, context: AttemptContext): Delivery {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the server says ${response.statusCode} ${response.statusMessage ?? ''}`.trim());
  }
  const length = Number(response.headers['content-length']);
  const chunks = bodyOf(response, context);
  return Number.isSafeInteger(length) ? { sizeBytes: length, chunks } : { chunks };
}

async function* bodyOf(response: IncomingMessage, { stallMs }: AttemptContext): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (cause) {
    throw describe(cause, stallMs);
  } finally {
    response.destroy();
  }
}

/** Sends one GET and answers when the headers are here; the same silence limit goes on watching the body. */
function ask(url: URL, { stallMs, signal }: AttemptContext): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'slipway' };
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
