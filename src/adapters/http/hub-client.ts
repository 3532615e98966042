import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { AppError, ERRORS, type ErrorCode } from '../../kernel/errors.ts';

/** Where head office is asked: at its control socket, or at its admin port with a token. */
export type HubPlace =
  | { readonly socket: string }
  | {
      readonly url: string;
      readonly token: string;
      /** PEM of who is believed beside the machine's own roots. */
      readonly ca?: string;
    };

/** Asks head office's `/api/v1`. All reject with head office's own AppError, or `hub-not-answering`. */
export interface HubClient {
  /** `path` with its query and without `/api/v1/` in front, or with it. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** A body of bytes. */
  postBytes<T>(path: string, bytes: Uint8Array): Promise<T>;
  /** Calls `onItem` with each item of a stream; resolves when head office ends it, or `signal` is set. */
  follow(path: string, onItem: (item: unknown) => void, signal?: AbortSignal): Promise<void>;
}

const API = '/api/v1/';
const SILENT_MS = 60_000;
const UNKNOWN_SIGNER =
  'who signed its certificate is not known here: name that certificate with --ca (and the port for people, 8440 if nothing else is said, not the one for sites)';
/** What OpenSSL says, as a person can act on it. */
const TLS_FAULTS: Readonly<Record<string, string>> = {
  EPROTO: 'it does not speak TLS: is its address http://…?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_SIGNER,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_SIGNER,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_SIGNER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_SIGNER,
  ECONNRESET: 'the connection was cut: does it speak TLS, with the address https://…?',
};

/** Where `slipway hub` listens for commands when nobody says otherwise. */
export function defaultHubSocket(env: NodeJS.ProcessEnv = process.env): string {
  return env['SLIPWAY_HUB_SOCKET'] ?? '/run/slipway-hub/control.sock';
}

/** Opens nothing: each question goes by a connection of its own. @throws AppError `usage-invalid` if the address is none */
export function createHubClient(place: HubPlace): HubClient {
  return {
    get: (path) => ask(place, path, { method: 'GET' }),
    post: (path, body) =>
      ask(place, path, { method: 'POST', type: 'application/json', body: Buffer.from(JSON.stringify(body)) }),
    postBytes: (path, bytes) => ask(place, path, { method: 'POST', type: 'application/octet-stream', body: bytes }),
    follow: (path, onItem, signal) => follow(place, path, onItem, signal),
  };
}

/** Reads a file with a token. @throws AppError `usage-invalid` */
export function readTokenFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new AppError('usage-invalid', `${path} cannot be read: ${code}`, { cause });
  }
  // Anything else would be a header that HTTP cannot carry, and may be a secret that is meant for somebody else.
  if (!/^[\x21-\x7e]{1,500}$/.test(text))
    throw new AppError(
      'usage-invalid',
      `${path} holds no token: that is one word, as \`slipway hub tokens new\` prints it`,
    );
  return text;
}

type Question = {
  readonly method: 'GET' | 'POST';
  readonly type?: string;
  readonly body?: Uint8Array;
  readonly accept?: string;
};

async function ask<T>(place: HubPlace, path: string, question: Question): Promise<T> {
  const answer = await send(place, path, question);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw unreachable(place, cause as Error);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (answer.statusCode !== 200) throw errorOf(place, answer.statusCode ?? 0, text);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new AppError('hub-not-answering', `what answers at ${nameOf(place)} is not head office`, { cause });
  }
}

async function follow(
  place: HubPlace,
  path: string,
  onItem: (item: unknown) => void,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await send(place, path, { method: 'GET', accept: 'text/event-stream' });
  const end = (): void => void answer.destroy();
  signal?.addEventListener('abort', end, { once: true });
  let rest = '';
  try {
    answer.setEncoding('utf8');
    for await (const chunk of answer) {
      const blocks = (rest + String(chunk)).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) emit(block, onItem);
    }
  } catch (cause) {
    if (!signal?.aborted) throw unreachable(place, cause as Error);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

function emit(block: string, onItem: (item: unknown) => void): void {
  const data = block.split('\n').filter((line) => line.startsWith('data: '));
  if (data.length > 0) onItem(JSON.parse(data.map((line) => line.slice('data: '.length)).join('\n')));
}

function send(place: HubPlace, path: string, question: Question): Promise<IncomingMessage> {
  const { body } = question;
  return new Promise((resolve, reject) => {
    const options = optionsOf(place, path.startsWith('/') ? path : `${API}${path}`, question);
    const open = 'url' in place && place.url.startsWith('https:') ? requestHttps : requestHttp;
    const asked = open(options, resolve);
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${SILENT_MS / 1_000} s`)));
    asked.on('error', (cause) => reject(unreachable(place, cause)));
    asked.end(body);
  });
}

function optionsOf(place: HubPlace, path: string, { method, type, body, accept }: Question): RequestOptions {
  const headers = {
    accept: accept ?? 'application/json',
    ...(type !== undefined && { 'content-type': type }),
    ...(body && { 'content-length': body.length }),
  };
  if ('socket' in place) return { socketPath: place.socket, path, method, headers, timeout: SILENT_MS };
  const { protocol, hostname, port } = urlOf(place.url);
  return {
    ...{ protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, path, method, timeout: SILENT_MS },
    ...(place.ca !== undefined && { ca: place.ca }),
    headers: { ...headers, authorization: `Bearer ${place.token}` },
  };
}

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new AppError('usage-invalid', `${text} is not an address such as https://hub.example.com:8440`, { cause });
  }
}

function nameOf(place: HubPlace): string {
  return 'socket' in place ? place.socket : place.url;
}

function unreachable(place: HubPlace, cause: Error): AppError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES')
    return new AppError(
      'permission-denied',
      `${nameOf(place)}: this user may not use it; be root, or of the group of the service`,
      { cause },
    );
  return new AppError('hub-not-answering', `${nameOf(place)}: ${TLS_FAULTS[code] ?? cause.message}`, { cause });
}

/** Head office's error with its own code; an answer of an unknown shape keeps its status in the message. */
function errorOf(place: HubPlace, status: number, text: string): AppError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    if (error.code in ERRORS) return new AppError(error.code as ErrorCode, error.message);
  } catch {
    // Not our JSON: said below.
  }
  return new AppError('hub-not-answering', `${nameOf(place)} answered with HTTP ${status}`);
}
