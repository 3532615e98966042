import { createServer, type Server as TlsServer } from 'node:tls';
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { AppError, type ErrorCode } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import { MAX_BODY_BYTES } from '../../wire/link/methods.ts';
import type { Bell, ConnectionFacts, LinkCore } from '../../wire/link/ports.ts';
import { Door, type DoorLimits, peerOf } from './door.ts';
import { addLinkService } from './grpc-service.ts';
import { type GuestLimits, Guests } from './guests.ts';
import { addHealthService } from './health.ts';
import { createTwin } from './twin.ts';

/** What TLS shows of head office; PEM. */
export type ServerTls = { readonly chain: string; readonly privateKey: string };

export type LinkServerParts = {
  readonly core: LinkCore;
  readonly bell: Bell;
  readonly tls: ServerTls;
  /** Whether what is acknowledged could be written now. */
  readonly isReady: () => Promise<boolean>;
  readonly log: Log;
  readonly limits?: Partial<PortLimits>;
};

export type PortLimits = DoorLimits &
  GuestLimits & {
    /** A question over HTTP/1.1 is whole within so long; its head within a third of it. */
    readonly requestMs: number;
  };

export interface LinkServer {
  /** Answers the port, which is another one only for port 0. Rejects with an AppError. */
  listen(address: string, port: number): Promise<number>;
  /** From now on new connections see this certificate; those that are open stay. */
  setTls(tls: ServerTls): void;
  /** `connections`, `handshakes`, `turned-away`, `guests`, `sent-away`, `tls-failed`, `grpc`, `twin`. */
  counters(): Readonly<Record<string, number>>;
  /** Takes no new connection, and ends those that are still busy after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

const LIMITS: PortLimits = {
  ...{ connections: 8_000, handshakes: 256, handshakesPerAddress: 64 },
  ...{ guests: 1_000, guestBytes: 128 * 1024 * 1024, requestMs: 60_000 },
};
const LOOK_EVERY_MS = 500;
const HANDSHAKE_MS = 10_000;
/** Sync waits 55 s at most. */
const LONGEST_CALL_MS = 65_000;
const GRACE_MS = 3_000;

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': MAX_BODY_BYTES,
  'grpc.max_send_message_length': MAX_BODY_BYTES,
  // A site has a long poll, a report, a fetch and a doorbell at a time.
  'grpc.max_concurrent_streams': 16,
  // Routers forget a silent connection after a minute or more; and one whose site froze must go.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // So that several hubs behind one address share the sites again after one was away. gRPC adds a tenth of jitter.
  'grpc.max_connection_age_ms': 2 * 3_600_000,
  'grpc.max_connection_age_grace_ms': 60_000,
  'grpc.enable_channelz': 0,
};

/**
 * The one port for sites: TLS, and in it gRPC or the HTTP/1.1 twin, as the caller can. A certificate is asked for and not
 * required: a refusal in the handshake would tell the site nothing, so who calls is proved by each call and refused with the reason.
 */
export function createLinkServer(parts: LinkServerParts): LinkServer {
  const counts = { 'tls-failed': 0, grpc: 0, twin: 0 };
  const limits = { ...LIMITS, ...parts.limits };
  const guests = new Guests(limits);
  const look = setInterval(() => guests.look(), LOOK_EVERY_MS).unref();
  const facts = new Map<string, ConnectionFacts>();
  const factsOf = (peer: string) => facts.get(peer) ?? { remote: peer, tlsCertificate: undefined };

  const grpc = new Server(GRPC_OPTIONS);
  addLinkService(grpc, { ...parts, facts: factsOf, longestMs: LONGEST_CALL_MS });
  addHealthService(grpc, parts.isReady);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const twin = createTwin({
    ...{ ...parts, facts: ({ socket }) => factsOf(peerOf(socket)) },
    ...{ longestMs: LONGEST_CALL_MS, requestMs: limits.requestMs },
  });

  const tls = createTls(parts.tls);
  tls.on('tlsClientError', () => {
    counts['tls-failed'] += 1;
  });
  const door = new Door(limits, (socket) => tls.emit('connection', socket));
  tls.on('secureConnection', (socket) => {
    const peer = peerOf(socket);
    door.isIn(peer);
    guests.welcome(peer, socket);
    facts.set(peer, {
      remote: socket.remoteAddress ?? '',
      tlsCertificate: socket.getPeerX509Certificate()?.raw,
      proved: () => guests.forget(peer),
    });
    socket.once('close', () => {
      facts.delete(peer);
      guests.forget(peer);
    });
    // A reset of the other side is no news; nothing else hears of it before a transport has the socket.
    socket.on('error', () => undefined);
    const transport = socket.alpnProtocol === 'h2' ? 'grpc' : 'twin';
    counts[transport] += 1;
    if (transport === 'grpc') injector.injectConnection(socket);
    else twin.emit('connection', socket);
  });
  door.server.on('error', (error) => parts.log.error({ error }, 'the listener for sites reported an error'));

  return {
    listen: (address, port) => listen(door, address, port),
    setTls: (next) => tls.setSecureContext({ cert: next.chain, key: next.privateKey, minVersion: 'TLSv1.2' }),
    counters: () => ({ ...door.counters(), guests: guests.size, 'sent-away': guests.sentAway, ...counts }),
    close: async (graceMs = GRACE_MS) => {
      await close({ door, injector, grpc, twin }, graceMs);
      clearInterval(look);
    },
  };
}

function createTls({ chain, privateKey }: ServerTls): TlsServer {
  return createServer({
    cert: chain,
    key: privateKey,
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
  });
}

const ERRNO: Readonly<Record<string, ErrorCode>> = {
  EADDRINUSE: 'port-in-use',
  EACCES: 'permission-denied',
  EADDRNOTAVAIL: 'address-unavailable',
};

function listen({ server }: Door, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(
        new AppError(
          ERRNO[cause.code ?? ''] ?? 'socket-failed',
          `cannot listen on TCP ${address}:${port}: ${cause.code}`,
          {
            cause,
          },
        ),
      );
    server.once('error', failed);
    server.listen({ host: address, port, backlog: 1024 }, () => {
      server.off('error', failed);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : port);
    });
  });
}

type Open = {
  readonly door: Door;
  readonly injector: ConnectionInjector;
  readonly grpc: Server;
  readonly twin: ReturnType<typeof createTwin>;
};

async function close({ door, injector, grpc, twin }: Open, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => door.server.close(() => resolve()));
  injector.drain(graceMs);
  twin.close();
  const force = setTimeout(() => {
    grpc.forceShutdown();
    door.destroyAll();
  }, graceMs);
  await closed;
  clearTimeout(force);
  injector.destroy();
  grpc.forceShutdown();
}
