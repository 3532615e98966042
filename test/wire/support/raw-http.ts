import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type RawRequest = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Hangs up, without a word, when so many bytes of the body are here. */
  readonly stopAt?: number;
  /** Takes so many bytes of the body, and then no more until this resolves. */
  readonly pause?: { readonly at: number; readonly until: Promise<unknown> };
};

export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** All that Content-Length promised is here; false: the connection ended before. */
  readonly isWhole: boolean;
  /** Milliseconds from the request to the end of the head, and to the first byte of the body. */
  readonly headMs: number;
  readonly firstByteMs: number;
};

const HEAD_END = '\r\n\r\n';

/** Speaks HTTP/1.1 by hand, and asks again over the same connection while there is one, as containerd and podman do. */
export class RawClient {
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | undefined;
  /** How many connections it needed. */
  connections = 0;

  constructor(port: number, host = '127.0.0.1') {
    this.#port = port;
    this.#host = host;
  }

  async ask(request: RawRequest): Promise<RawAnswer> {
    const socket = await this.#connected();
    const { method = 'GET', path, headers = [] } = request;
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.#host}:${this.#port}`];
    const startedAt = performance.now();
    socket.write([...lines, ...headers.map((pair) => pair.join(': ')), '', ''].join('\r\n'));
    const answer = await readAnswer(socket, { ...request, method }, startedAt);
    if (!answer.isWhole || answer.headers['connection'] === 'close') this.close();
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.#port, this.#host);
    // Whoever reads sees that it is closed.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    this.connections += 1;
    this.#socket = socket;
    return socket;
  }
}

/** One question over a connection of its own. */
export async function askRaw(port: number, request: RawRequest, host?: string): Promise<RawAnswer> {
  const client = new RawClient(port, host);
  try {
    return await client.ask(request);
  } finally {
    client.close();
  }
}

function readAnswer(socket: Socket, request: RawRequest, startedAt: number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader(request, startedAt);
    const end = (isWhole: boolean): void => {
      socket.off('data', take).off('close', onClose);
      const answer = reader.answer(isWhole);
      if (answer) resolve(answer);
      else reject(new Error(`the connection ended before an answer to ${request.path}`));
    };
    const onClose = (): void => end(false);
    let { pause } = request;
    const take = (chunk: Buffer): void => {
      reader.take(chunk);
      if (reader.isOver) end(true);
      else if (reader.bodyBytes >= (request.stopAt ?? Number.POSITIVE_INFINITY)) socket.destroy();
      else if (pause && reader.bodyBytes >= pause.at) {
        socket.pause();
        void pause.until.then(() => socket.resume());
        pause = undefined;
      }
    };
    socket.on('data', take).on('close', onClose);
  });
}

class AnswerReader {
  bodyBytes = 0;
  readonly #request: RawRequest;
  readonly #startedAt: number;
  readonly #parts: Buffer[] = [];
  #unread = Buffer.alloc(0);
  #head: ReturnType<typeof parseHead> | undefined;
  #headMs = 0;
  #firstByteMs = 0;

  constructor(request: RawRequest, startedAt: number) {
    this.#request = request;
    this.#startedAt = startedAt;
  }

  get isOver(): boolean {
    return this.#head !== undefined && this.bodyBytes >= this.#head.length;
  }

  take(chunk: Buffer): void {
    if (this.#head) {
      this.#takeBody(chunk);
      return;
    }
    this.#unread = Buffer.concat([this.#unread, chunk]);
    const at = this.#unread.indexOf(HEAD_END);
    if (at < 0) return;
    this.#headMs = performance.now() - this.#startedAt;
    this.#head = parseHead(this.#unread.subarray(0, at).toString('latin1'), this.#request.method === 'HEAD');
    this.#takeBody(this.#unread.subarray(at + HEAD_END.length));
  }

  /** undefined: not even its head came. */
  answer(isWhole: boolean): RawAnswer | undefined {
    if (!this.#head) return undefined;
    const [headMs, firstByteMs] = [this.#headMs, this.#firstByteMs];
    return { ...this.#head, body: Buffer.concat(this.#parts), isWhole, headMs, firstByteMs };
  }

  #takeBody(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.bodyBytes === 0) this.#firstByteMs = performance.now() - this.#startedAt;
    this.bodyBytes += chunk.length;
    this.#parts.push(chunk);
  }
}

function parseHead(text: string, isHead: boolean) {
  const [first = '', ...lines] = text.split('\r\n');
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const headers = Object.fromEntries(pairs) as Record<string, string>;
  const length = isHead ? 0 : Number(headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return { status: Number(first.split(' ')[1]), headers, length };
}
