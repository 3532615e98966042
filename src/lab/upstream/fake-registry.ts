import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  blobAnswer,
  contentAnswer,
  failure,
  manifestAnswer,
  referrersAnswer,
  signedAddress,
  type Target,
  tagsAnswer,
  targetOf,
} from './answers.ts';
import { type Fault, type Harm, playFaults } from './faults.ts';
import { Ledger, type Seen } from './ledger.ts';
import { blobOf, type MadeBlob } from './made-blob.ts';
import { Line, sendBody } from './send-body.ts';
import { Shelf } from './shelf.ts';
import { type Door, TokenDesk } from './tokens.ts';

export type RegistrySettings = {
  readonly door?: Door;
  /** Blobs are redirected to a second origin by addresses that are good for so long; it refuses who shows credentials. */
  readonly redirectsForMs?: number;
  /** The host that redirects name, which has to lead to 127.0.0.1; that by default. */
  readonly contentHost?: string;
  /** False: only the stand-in tags. */
  readonly referrersApi?: boolean;
  /** The most tags in one answer. */
  readonly tagsAtOnce?: number;
  /** Bytes in a second that all answers share: the WAN of a test. */
  readonly lineBytesPerSecond?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** 127.0.0.1 if left out. */
  readonly address?: string;
  /** Any free one if left out. */
  readonly port?: number;
  readonly script?: readonly Fault[];
};

/**
 * A registry that misbehaves as it is told. It holds images that are made on the fly, answers as the OCI distribution-spec
 * has it for who pulls, does to each answer what its script says, and keeps books of everything that was asked.
 */
export class FakeRegistry {
  readonly shelf: Shelf;
  readonly ledger = new Ledger();
  readonly tokens: TokenDesk;
  /** How many connections were opened to it, its second origin included. */
  connections = 0;
  readonly #settings: RegistrySettings;
  readonly #secret = randomUUID();
  readonly #stopping = new AbortController();
  readonly #line: readonly Line[];
  #servers: readonly Server[] = [];
  #play: ReturnType<typeof playFaults>;

  private constructor(settings: RegistrySettings) {
    this.#settings = settings;
    this.shelf = new Shelf(settings.referrersApi ?? true);
    this.tokens = new TokenDesk(settings.door ?? { kind: 'open' });
    this.#line = settings.lineBytesPerSecond === undefined ? [] : [new Line(settings.lineBytesPerSecond)];
    this.#play = playFaults(settings.script ?? []);
  }

  static async open(settings: RegistrySettings = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(settings);
    const front = registry.#serve((...pair) => registry.#front(...pair));
    const content = registry.#serve((...pair) => registry.#content(...pair));
    registry.#servers = [front, content];
    const address = settings.address ?? '127.0.0.1';
    front.listen(settings.port ?? 0, address);
    content.listen(0, address);
    await Promise.all(registry.#servers.map((server) => once(server, 'listening')));
    return registry;
  }

  /** Where it is asked: `http://127.0.0.1:40123`. */
  get origin(): string {
    return this.#originOf(0, this.#settings.address ?? '127.0.0.1');
  }

  /** Host and port, as image names have them. */
  get host(): string {
    return new URL(this.origin).host;
  }

  /** The second origin, where redirects lead. */
  get contentOrigin(): string {
    return this.#originOf(1, this.#settings.contentHost ?? this.#settings.address ?? '127.0.0.1');
  }

  /** From now on this is what goes wrong; what went wrong before is counted anew. */
  script(faults: readonly Fault[]): void {
    this.#play = playFaults(faults);
  }

  /** Cuts all connections at once, as a power cut would; the same port can be opened again. */
  async close(): Promise<void> {
    this.#stopping.abort();
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #originOf(index: 0 | 1, host: string): string {
    const place = this.#servers[index]?.address() as AddressInfo | null | undefined;
    return `${this.#settings.tls ? 'https' : 'http'}://${host}:${place?.port}`;
  }

  #serve(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      answer(request, response).catch(() => response.destroy());
    };
    const { tls } = this.#settings;
    const server = tls ? createSecureServer({ ...tls }, handle) : createServer(handle);
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      socket.on('error', () => undefined);
    });
    return server;
  }

  async #front(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    const target = targetOf(url.pathname);
    await this.#answer(request, response, target, () => this.#plan(request, url, target));
  }

  async #content(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#answer(request, response, { what: 'content' }, () => {
      // As S3 does: two ways to prove oneself in one request are a mistake.
      if (request.headers.authorization !== undefined)
        return failure(400, 'UNSUPPORTED', 'credentials do not belong here');
      const url = new URL(request.url ?? '/', this.contentOrigin);
      return contentAnswer(this.shelf, url, this.#secret) ?? failure(404, 'BLOB_UNKNOWN');
    });
  }

  #plan(request: IncomingMessage, url: URL, target: Target): Answer & { text?: string } {
    const { authorization } = request.headers;
    if (target.what === 'token') {
      const token = this.tokens.issue(url, authorization);
      return token
        ? { status: 200, headers: { 'content-type': 'application/json' }, text: JSON.stringify(token) }
        : failure(401, 'UNAUTHORIZED');
    }
    if (!this.tokens.admits(authorization, target.repository)) {
      const answer = failure(401, 'UNAUTHORIZED', 'show something');
      const challenge = this.tokens.challenge(this.origin, target.repository);
      return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } };
    }
    return this.#thing(url, target) ?? failure(404, target.what === 'blob' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
  }

  #thing(url: URL, target: Target): (Answer & { text?: string }) | undefined {
    switch (target.what) {
      case 'ping':
        return { status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' }, text: '{}' };
      case 'manifest':
        return manifestAnswer(this.shelf, target);
      case 'blob':
        return this.#blob(target);
      case 'referrers':
        return referrersAnswer(this.shelf, target);
      case 'tags':
        return tagsAnswer(this.shelf, target, url, this.#settings.tagsAtOnce ?? 1000);
      default:
        return undefined;
    }
  }

  #blob(target: Target): Answer | undefined {
    const answer = blobAnswer(this.shelf, target);
    const { redirectsForMs } = this.#settings;
    if (!answer?.body || redirectsForMs === undefined) return answer;
    const location = signedAddress(this.contentOrigin, answer.body.digest, redirectsForMs, this.#secret);
    return { status: 307, headers: { location } };
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { what }: Target,
    plan: () => Answer & { text?: string },
  ): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const seen: Seen = { what, method, url, headers, status: 0, bytesSent: 0, isOver: false };
    const harm = this.#play({ what, method, url, ranged: headers.range !== undefined });
    this.ledger.begin(seen);
    response.on('close', () => this.ledger.end(seen));
    if (harm.delayMs !== undefined) await sleep(harm.delayMs, undefined, { signal: this.#stopping.signal });
    if (harm.silent) return;
    const answer = harm.status === undefined ? plan() : failure(harm.status, codeOf(harm.status));
    await this.#send(request, response, seen, answer, harm);
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    seen: Seen,
    answer: Answer & { text?: string },
    harm: Harm,
  ): Promise<void> {
    const blob = answer.body ?? blobOf(new TextEncoder().encode(answer.text ?? ''));
    const part = partOf(answer, request.headers.range, blob, harm);
    seen.status = part.status;
    const lengths = lengthHeaders(part.to - part.from, harm);
    // Without a length, and without chunks, only the end of the connection says where the body ends.
    if (harm.noLength) response.useChunkedEncodingByDefault = false;
    response.writeHead(part.status, { ...answer.headers, ...part.headers, ...lengths, ...harm.headers });
    if (seen.method === 'HEAD') {
      response.end();
      return;
    }
    const own = harm.bytesPerSecond === undefined ? [] : [new Line(harm.bytesPerSecond)];
    const lines = [...this.#line, ...own];
    await sendBody(response, { blob, from: part.from, to: part.to, harm, lines, seen, signal: this.#stopping.signal });
  }
}

type Part = { status: number; headers: Record<string, string>; from: number; to: number };

/** RFC 9110 section 14: one range with a start, which is all that who resumes asks for. */
function partOf(answer: Answer, range: string | undefined, blob: MadeBlob, harm: Harm): Part {
  const size = blob.sizeBytes;
  const whole: Part = { status: answer.status, headers: {}, from: 0, to: Math.min(harm.shortTo ?? size, size) };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined || answer.status !== 200 || !answer.body || harm.ignoresRange) return whole;
  const from = Number(first);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  if (from >= size) return { status: 416, headers: { 'content-range': `bytes */${size}` }, from: 0, to: 0 };
  const said = from + (harm.rangeOff ?? 0);
  const headers = { 'content-range': `bytes ${said}-${end + (harm.rangeOff ?? 0)}/${size}` };
  return { status: 206, headers, from, to: Math.max(from, Math.min(end + 1, harm.shortTo ?? size)) };
}

function lengthHeaders(count: number, harm: Harm): Record<string, string> {
  if (harm.chunked) return { 'transfer-encoding': 'chunked' };
  return harm.noLength ? { connection: 'close' } : { 'content-length': String(count) };
}

function codeOf(status: number): string {
  const codes: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'DENIED', 404: 'MANIFEST_UNKNOWN' };
  return codes[status] ?? (status === 429 ? 'TOOMANYREQUESTS' : 'UNKNOWN');
}
