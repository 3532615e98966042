import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import { LogBudget } from '../../kernel/log-budget.ts';
import type { Log } from '../../kernel/ports.ts';
import { redactPath } from './access-log.ts';
import { refuseMalformed, sendError } from './error-reply.ts';
import { shareFairly } from './fair-share.ts';
import { type ListenAt, listen, type TlsFiles } from './listen.ts';

/** A group of routes: a fastify plugin with parsers and hooks of its own that no other group sees. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

export type HttpServerOptions = {
  readonly log: Log;
  readonly routes: readonly Routes[];
  /** Connections per listener; for what comes on top, the client with the most of them loses one. */
  readonly maxConnections?: number;
  /** Connections per client address and listener; what comes on top is closed at once. */
  readonly maxConnectionsPerClient?: number;
};

export interface HttpServer {
  /** For tests: `app.inject` asks without a socket. */
  readonly app: FastifyInstance;
  /**
   * Opens one more listener; answers its TCP port, or 0 for a Unix socket.
   * Rejects with an AppError: `port-in-use`, `permission-denied`, `address-unavailable`, `socket-failed`.
   */
  listen(at: ListenAt): Promise<number>;
  /** Whether a connection came in over a Unix socket; a TCP connection that is gone has no address either, and is none. */
  isControl(socket: Socket): boolean;
  /** Counts since the start: `answered.2xx` …, `malformed`, `turned-away`. */
  counters(): Readonly<Record<string, number>>;
  /** Takes no new connection, and ends those that are still busy after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

/**
 * What a browser is told with every answer: to run, embed and guess nothing of it. Whoever serves a page sets a policy of
 * its own. There is no CORS header anywhere, so no page of another site may read an answer.
 */
const SAFE_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** EDK2 reuses the connection of its HEAD for the GET, and load balancers for 60 s: we must never be the first to hang up. */
const KEEP_ALIVE_MS = 70_000;
/** A client that dribbles its headers is cut off here; Node wants it above the keep-alive. */
const HEADERS_MS = 75_000;
/** To receive a request whole. Answers are not bounded by it: a kernel may take its time. */
const REQUEST_MS = 120_000;
const BODY_LIMIT_BYTES = 64 * 1024;
/** Each machine keeps one or two for its next question, and a site may have a thousand. */
const MAX_CONNECTIONS = 2_048;
/** A machine uses two or three, a browser six: one that opens hundreds must not take the places of all others. */
const MAX_CONNECTIONS_PER_CLIENT = 48;
const GRACE_MS = 2_000;
const MALFORMED_LINES_PER_MINUTE = 60;

/** One set of routes behind any number of listeners, with the same limits and the same error answers everywhere. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const counts: Record<string, number> = {};
  const count: Count = (name) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const app = await createApp(options, count);
  const budget = new LogBudget({ monotonic: () => performance.now() }, MALFORMED_LINES_PER_MINUTE);
  const servers: Server[] = [];
  const control = new WeakSet<Socket>();
  return {
    app,
    listen: async (at) => {
      const isLocal = 'socketPath' in at;
      const server = createListener(app, options, { count, budget, isLocal, ...('tls' in at && { tls: at.tls }) });
      if (isLocal) server.on('connection', (socket) => control.add(socket));
      const port = await listen(server, at);
      // Without a listener, an accept that fails for want of descriptors would end the process.
      server.on('error', (error) => options.log.error({ error }, 'an HTTP listener reported an error'));
      servers.push(server);
      return port;
    },
    isControl: (socket) => control.has(socket),
    counters: () => ({ ...counts }),
    close: async (graceMs = GRACE_MS) => {
      // First what never ends by itself (`preClose`), then the connections.
      await app.close();
      await Promise.all(servers.splice(0).map((server) => closeServer(server, graceMs)));
    },
  };
}

type Count = (name: string) => void;

async function createApp({ log, routes }: HttpServerOptions, count: Count): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    // What fastify refuses before it looks for a route, such as a broken percent sign.
    frameworkErrors: (error, request, reply) => sendError({ error, request, reply, log }),
    // Firmware joins a base URL and a path with two slashes, and people type one too many: never answered by a redirect,
    // which UEFI HTTP boot and the Raspberry Pi do not follow.
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 512 },
  });
  app.setErrorHandler((error, request, reply) => sendError({ error, request, reply, log }));
  app.setNotFoundHandler((request) => {
    throw new AppError('not-found', `nothing is at ${redactPath(request.url)}`);
  });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SAFE_HEADERS);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const fields = {
      method: request.method,
      path: redactPath(request.url),
      status: reply.statusCode,
      remote: request.ip,
    };
    count(`answered.${Math.floor(reply.statusCode / 100)}xx`);
    log.debug({ ...fields, ms: Math.round(reply.elapsedTime) }, 'http request');
    done();
  });
  for (const group of routes) await app.register(async (scope) => group(scope));
  await app.ready();
  return app;
}

type ListenerParts = {
  readonly count: Count;
  readonly budget: LogBudget;
  /** A Unix socket: who can open it is trusted. */
  readonly isLocal: boolean;
  readonly tls?: TlsFiles | undefined;
};

function createListener(
  app: FastifyInstance,
  { log, maxConnections = MAX_CONNECTIONS, maxConnectionsPerClient = MAX_CONNECTIONS_PER_CLIENT }: HttpServerOptions,
  { count, budget, isLocal, tls }: ListenerParts,
): Server {
  const settings = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    // A person of the site may bring an archive, and a stick is slow.
    requestTimeout: isLocal ? 0 : REQUEST_MS,
    noDelay: true,
    // Small HTTP clients in firmware forget the Host header now and then.
    requireHostHeader: false,
  };
  const server = tls
    ? createTlsServer({ ...settings, ...tls, minVersion: 'TLSv1.2' }, app.routing)
    : createServer(settings, app.routing);
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code !== 'ECONNRESET') {
      count('malformed');
      const remote = (socket as Partial<Socket>).remoteAddress;
      if (budget.spend('malformed')) log.warn({ remote, because: error.code }, 'not a well-formed HTTP request');
    }
    refuseMalformed(error, socket);
  });
  server.on('drop', (drop) => {
    count('turned-away');
    if (budget.spend('drop')) log.warn({ remote: drop?.remoteAddress }, 'too many connections: one was turned away');
  });
  const onTurnedAway = (remote: string): void => {
    count('turned-away');
    if (budget.spend('crowd')) log.warn({ remote }, 'too many connections of one client: one was turned away');
  };
  shareFairly(server, { most: maxConnections, mostOfOne: maxConnectionsPerClient, onTurnedAway });
  return server;
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(force);
}
