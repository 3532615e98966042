import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { METHODS, type MethodName } from '../../../src/wire/link/methods.ts';
import type { LinkIdentity } from '../../../src/wire/link/ports.ts';
import { pem } from '../../support/link-hub.ts';

/**
 * Of one call: `asked`, head office has not got it yet; `sent`, it has; `answered`, it has answered and the site does not know; `heard`,
 * the site has the answer.
 */
export type Moment = 'asked' | 'sent' | 'answered' | 'heard';
export type CallMoment = `${MethodName} ${Moment}`;

const NAMES = new Map(Object.entries(METHODS).map(([name, { path }]) => [path, name as MethodName]));

/**
 * A proxy between a site and head office that opens TLS, so that each call can be seen, held and cut at each of its moments. It lets
 * HTTP/1.1 through alone.
 */
export class CallWire {
  /** How often each moment was passed. */
  readonly passed = new Map<CallMoment, number>();
  /** Is waited for at each moment; the call goes on when it resolves, and is cut if it rejects. */
  at: (moment: CallMoment) => Promise<void> = async () => undefined;
  /** Asks head office the very same a second time, beside the first. */
  repeats = false;
  readonly #hubPort: number;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  #close: () => Promise<void> = async () => undefined;

  constructor(hubPort: number) {
    this.#hubPort = hubPort;
  }

  async listen(port: number, shows: LinkIdentity): Promise<void> {
    const tls = { cert: shows.chain.map(pem).join(''), key: shows.privateKey, ALPNProtocols: ['http/1.1'] };
    const server = createServer(tls, (asked, answer) => {
      // Who was killed in the midst of it hangs up.
      this.#carry(asked, answer).catch(() => answer.destroy());
    });
    server.on('tlsClientError', () => undefined);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.#close = async () => {
      this.#agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #carry(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const name = NAMES.get(asked.url ?? '');
    const pass = async (moment: Moment): Promise<void> => {
      if (!name) return;
      const key: CallMoment = `${name} ${moment}`;
      this.passed.set(key, (this.passed.get(key) ?? 0) + 1);
      await this.at(key);
    };
    const body = await bytesOf(asked);
    await pass('asked');
    const reply = this.#send(asked, body);
    if (this.repeats) await Promise.allSettled([reply, this.#send(asked, body)]);
    reply.catch(() => undefined);
    await pass('sent');
    const { head, body: said } = await reply;
    await pass('answered');
    answer.writeHead(head.statusCode ?? 500, head.headers);
    await new Promise<void>((resolve) => answer.end(said, resolve));
    await pass('heard');
  }

  #send(asked: IncomingMessage, body: Buffer): Promise<{ readonly head: IncomingMessage; readonly body: Buffer }> {
    return new Promise((resolve, reject) => {
      const on = request(
        {
          ...{ host: '127.0.0.1', port: this.#hubPort, servername: 'localhost', agent: this.#agent },
          ...{ path: asked.url, method: asked.method, headers: asked.headers },
        },
        (head) => {
          bytesOf(head).then((bytes) => resolve({ head, body: bytes }), reject);
        },
      );
      on.on('error', reject);
      asked.socket.once('close', () => on.destroy());
      on.end(body);
    });
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
