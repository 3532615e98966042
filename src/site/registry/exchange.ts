import { Agent, type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../kernel/ports.ts';
import { bareHost, guardedLookup, type ResolveHost } from './addresses.ts';
import { CallFailed, failureOf, unreachable, wrong } from './failures.ts';

/** How long a connection waits for its next request: less than most servers do, so that they are not the first to hang up. */
const KEPT_MS = 20_000;
const MOST_KEPT = 4;
/** Node gives each address of a name but the last a quarter of a second: too little for a satellite or a busy LTE line. */
const CONNECT_TRY_MS = 1_000;

export type Outgoing = {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** From now to the headers of the answer. */
  readonly headersMs: number;
  readonly signal: AbortSignal;
  /** Whether this address may be connected to. */
  readonly isAllowed: (address: string) => boolean;
};

export type Incoming = { readonly response: IncomingMessage; readonly status: number; readonly remoteAddress: string };

export type ExchangePorts = {
  readonly clock: Clock;
  readonly resolve: ResolveHost;
  /** PEM of who may sign the certificate of this upstream, instead of those whom the machine trusts. */
  readonly ca?: string;
};

/** One request and the headers of its answer, over connections that are kept. */
export interface Exchange {
  send(outgoing: Outgoing): Promise<Incoming>;
  close(): void;
}

export function createExchange({ clock, resolve, ca }: ExchangePorts): Exchange {
  const kept = {
    ...{ keepAlive: true, maxFreeSockets: MOST_KEPT, timeout: KEPT_MS },
    autoSelectFamilyAttemptTimeout: CONNECT_TRY_MS,
  };
  const plain = new Agent(kept);
  const secure = new SecureAgent({ ...kept, ...(ca === undefined ? {} : { ca }) });

  function start({ method, url, headers, signal, isAllowed }: Outgoing): ClientRequest {
    const isSecure = url.protocol === 'https:';
    const options = {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'slipway', ...headers },
      signal,
      lookup: guardedLookup(resolve, isAllowed),
    };
    if (isSecure) return requestSecure(url, { ...options, agent: secure });
    return requestPlain(url, { ...options, agent: plain });
  }

  function sendOnce(outgoing: Outgoing): Promise<Incoming> {
    return new Promise((resolve, reject) => {
      const request = start(outgoing);
      const cancel = clock.after(outgoing.headersMs, () => request.destroy(silent(outgoing.headersMs)));
      request.on('response', (response) => {
        cancel();
        // An error before anybody reads the body is met by the reader later.
        response.on('error', () => undefined);
        resolve({ response, status: response.statusCode ?? 0, remoteAddress: response.socket.remoteAddress ?? '' });
      });
      request.on('error', (cause) => {
        cancel();
        reject(
          Object.assign(cause, { isStale: request.reusedSocket && 'code' in cause && cause.code === 'ECONNRESET' }),
        );
      });
      request.end();
    });
  }

  async function send(outgoing: Outgoing): Promise<Incoming> {
    // A name is checked when it is looked up; an address is not looked up.
    const host = bareHost(outgoing.url);
    if (isIP(host) !== 0 && !outgoing.isAllowed(host)) throw wrong('leads to an address that is not to be asked');
    try {
      return await sendOnce(outgoing);
    } catch (cause) {
      // The server hung up a kept connection in the moment when we used it: RFC 9112 section 9.3.1 says to try again.
      if (cause instanceof Error && 'isStale' in cause && cause.isStale === true) return await sendOnce(outgoing);
      throw cause;
    }
  }

  return {
    send,
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** The bytes of an answer as they come. Silence counts only while somebody waits for them: a slow disk is not the server's fault. */
export async function* bodyOf(response: IncomingMessage, stallMs: number, clock: Clock): AsyncGenerator<Uint8Array> {
  const chunks = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const cancel = clock.after(stallMs, () => response.destroy(silent(stallMs)));
      const next: IteratorResult<Uint8Array> = await chunks.next().finally(cancel);
      if (next.done) return;
      yield next.value;
    }
  } catch (cause) {
    throw new CallFailed(failureOf(cause), { cause });
  } finally {
    if (!response.readableEnded) response.destroy();
  }
}

/** All of a body that is known to be small, and that comes in time. */
export async function readBody(
  response: IncomingMessage,
  limits: { readonly maxBytes: number; readonly mostMs: number },
  clock: Clock,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const slow = () => response.destroy(unreachable(`does not send all within ${limits.mostMs / 1000} s`));
  const cancel = clock.after(limits.mostMs, slow);
  try {
    for await (const chunk of bodyOf(response, limits.mostMs, clock)) {
      sizeBytes += chunk.length;
      if (sizeBytes > limits.maxBytes) throw wrong(`sends more than ${limits.maxBytes} bytes`);
      chunks.push(chunk);
    }
  } finally {
    cancel();
  }
  return Buffer.concat(chunks, sizeBytes);
}

/** Lets go of an answer that nobody reads; a short one is read to its end, so that its connection can be used again. */
export function discard(response: IncomingMessage): void {
  const length = Number(response.headers['content-length']);
  if (length <= 16_384) response.resume();
  else response.destroy();
}

function silent(ms: number): Error {
  return unreachable(`says nothing for ${ms / 1000} s`);
}
