import { createHash } from 'node:crypto';
import { type Agent, type IncomingMessage, request } from 'node:http';

export type HttpAsk = {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly body?: string;
  /** Has the client's own address, and keeps its connection. */
  readonly agent: Agent;
  /** Without a byte for so long it has failed. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly onAnswer?: () => void;
  /** Keeps the text of the body: for scripts and documents, not for kernels. */
  readonly keep?: boolean;
};

/** The same, as a client asks it: the connection and the rest are its own. */
export type ClientAsk = Pick<HttpAsk, 'url' | 'method' | 'body' | 'keep'> & { readonly stallMs?: number };

export type HttpAnswer = {
  readonly status: number;
  /** Of `Content-Length`; undefined: there was none. */
  readonly announcedBytes: number | undefined;
  readonly bytes: number;
  readonly sha256: string;
  readonly text: string;
};

/**
 * Asks once; follows nothing.
 * @throws Error with the reason in words, also for a body that is shorter than announced
 */
export async function askByHttp(ask: HttpAsk): Promise<HttpAnswer> {
  const { method = 'GET', url, agent, signal, body } = ask;
  const sent = request(url, { method, agent, signal, headers: body === undefined ? {} : FORM });
  sent.setTimeout(ask.stallMs, () => sent.destroy(new Error(`HTTP: no byte for ${ask.stallMs / 1_000} s`)));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(body);
  });
  ask.onAnswer?.();
  return read(response, ask);
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function read(response: IncomingMessage, { method, keep }: HttpAsk): Promise<HttpAnswer> {
  const hash = createHash('sha256');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    hash.update(part);
    bytes += part.length;
    if (keep) parts.push(part);
  }
  const announced = response.headers['content-length'];
  const announcedBytes = announced === undefined ? undefined : Number(announced);
  if (method !== 'HEAD' && announcedBytes !== undefined && announcedBytes !== bytes)
    throw new Error(`HTTP: ${bytes} of ${announcedBytes} bytes came`);
  const text = Buffer.concat(parts).toString('utf8');
  return { status: response.statusCode ?? 0, announcedBytes, bytes, sha256: hash.digest('hex'), text };
}
