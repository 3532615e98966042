import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  DOORBELL_PATH,
  ERROR_HEADER,
  MAX_BODY_BYTES,
  PROOF_HEADER,
  TWIN_CONTENT_TYPE,
} from '../../wire/link/methods.ts';
import type { ConnectionFacts, LinkAnswer, LinkCore } from '../../wire/link/ports.ts';
import { REFUSAL_STATUS } from './refusal-status.ts';

export type TwinParts = {
  readonly core: LinkCore;
  readonly facts: (request: IncomingMessage) => ConnectionFacts;
  readonly isReady: () => Promise<boolean>;
  readonly longestMs: number;
  /** A question is whole within so long. */
  readonly requestMs: number;
};

/** The unary calls over HTTP/1.1, with the same bytes, for sites whose proxy breaks HTTP/2. It listens nowhere: sockets are given to it. */
export function createTwin(parts: TwinParts): Server {
  const server = createServer(
    {
      ...{ keepAliveTimeout: 70_000, headersTimeout: parts.requestMs / 3, requestTimeout: parts.requestMs },
      ...{ connectionsCheckingInterval: Math.min(5_000, parts.requestMs / 3), noDelay: true },
    },
    (request, response) => {
      // One who hangs up in the middle of a question wants no answer.
      answer(parts, request, response).catch(() => response.destroy());
    },
  );
  server.on('clientError', (_error, socket) => socket.destroy());
  // Node looks after its timeouts from this event on, which it tells itself only where it listens.
  server.emit('listening');
  return server;
}

async function answer(parts: TwinParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET' && request.url === '/readyz') {
    const isReady = await parts.isReady();
    return plain(response, isReady ? 200 : 503, isReady ? 'ready\n' : 'the database cannot be written\n');
  }
  const path = request.url ?? '';
  if (request.method !== 'POST' || path === DOORBELL_PATH)
    return plain(response, 404, 'This is where sites speak to head office. People use the other port.\n');
  if (request.headers['content-type'] !== TWIN_CONTENT_TYPE)
    return plain(response, 415, `A call is a POST of ${TWIN_CONTENT_TYPE}.\n`);
  const body = await readBody(request);
  if (!body) return plain(response, 413, `A call has at most ${MAX_BODY_BYTES} bytes.\n`, true);
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), parts.longestMs);
  response.once('close', () => gone.abort());
  const proof = request.headers[PROOF_HEADER];
  const call = { path, proof: typeof proof === 'string' ? proof : undefined, body, signal: gone.signal };
  send(response, await parts.core.answer({ ...call, ...parts.facts(request) }));
  clearTimeout(timer);
}

/** undefined: it is too large; the rest of it is not read. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, answer: LinkAnswer): void {
  // A cache on the way must keep none of it.
  const common = { 'content-type': TWIN_CONTENT_TYPE, 'cache-control': 'no-store' };
  const proof = answer.proof === undefined ? {} : { [PROOF_HEADER]: answer.proof };
  if (answer.kind === 'reply') {
    response.writeHead(200, { ...common, ...proof, 'content-length': answer.body.length }).end(answer.body);
    return;
  }
  const headers = { ...common, ...proof, [ERROR_HEADER]: answer.detail, 'content-length': 0 };
  response.writeHead(REFUSAL_STATUS[answer.reason], headers).end();
}

function plain(response: ServerResponse, status: number, text: string, isLast = false): void {
  const last = isLast ? { connection: 'close' } : {};
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...last })
    .end(text);
}
