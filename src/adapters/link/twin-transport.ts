import { Agent, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../../kernel/errors.ts';
import { ERROR_HEADER, MAX_BODY_BYTES, PROOF_HEADER, TWIN_CONTENT_TYPE } from '../../wire/link/methods.ts';
import type { RawAnswer, RawCall, Transport } from './raw-answer.ts';
import { type ForwardProxy, reach, type Target, unreachable } from './reach.ts';
import { secure, type TlsTrust } from './secure.ts';

/** Carries calls over HTTP/1.1. */
export function createTwinTransport(target: Target, proxy: ForwardProxy | undefined, trust: () => TlsTrust): Transport {
  const agent = new TlsAgent(target, proxy, trust);
  return {
    send: (call) => send(target, agent, call),
    close: () => agent.destroy(),
  };
}

/** Hands out connections that are through TLS already, by our own idea of trust and time. */
class TlsAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;

  constructor(target: Target, proxy: ForwardProxy | undefined, trust: () => TlsTrust) {
    super({ keepAlive: true, maxSockets: 6, timeout: 70_000 });
    this.#connect = async () => secure(await reach(target, proxy), trust(), ['http/1.1']);
  }

  override createConnection(_options: object, done: (error: Error | null, socket: Duplex) => void): undefined {
    this.#connect().then(
      (socket) => done(null, socket),
      // The types want a socket beside an error; Node looks at the error first.
      (error: Error) => done(error, undefined as unknown as Duplex),
    );
  }
}

function send(target: Target, agent: Agent, { path, body, proof, deadlineMs }: RawCall): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: target.host, port: target.port, agent, path, method: 'POST' },
      headers: {
        'content-type': TWIN_CONTENT_TYPE,
        'content-length': body.length,
        ...(proof === undefined ? {} : { [PROOF_HEADER]: proof }),
      },
    });
    const failed = (error: unknown) => {
      clearTimeout(late);
      reject(unreachable(target, error));
    };
    const late = setTimeout(() => {
      const seconds = Math.max(1, Math.round(deadlineMs / 1000));
      // A request that has no connection yet does not say that it was destroyed.
      failed(new AppError('hub-unreachable', `${target.host}:${target.port} gave no answer in ${seconds} s`));
      asked.destroy();
    }, deadlineMs);
    asked.once('error', failed);
    asked.once('response', (response) => {
      read(response, target).then((answer) => {
        clearTimeout(late);
        resolve(answer);
      }, failed);
    });
    asked.end(body);
  });
}

async function read(response: IncomingMessage, { host }: Target): Promise<RawAnswer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new AppError('hub-unreachable', `${host} answers with too many bytes`);
    parts.push(part);
  }
  const proof = single(response, PROOF_HEADER);
  const refusal = single(response, ERROR_HEADER);
  if (refusal === undefined && response.statusCode !== 200)
    throw new AppError('hub-unreachable', `${host}, or a proxy before it, answers with status ${response.statusCode}`);
  return { body: Buffer.concat(parts), proof, refusal };
}

function single(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}
