import { createServer, type Server, type Socket } from 'node:net';
import { AppError, type ErrorCode } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Log } from '../../kernel/ports.ts';

export type DoorOptions = {
  /** Whether somebody at this address may come in. */
  readonly mayEnter: (remote: string) => boolean;
  readonly onSocket: (socket: Socket, remote: string) => void;
  readonly onRefused: () => void;
  readonly log: Log;
};

/** Two receivers of a store with three hundred machines that all start again at once. */
const MAX_SOCKETS = 512;
const MAX_PER_ADDRESS = 4;
/** A machine that was switched off says no goodbye. */
const KEEP_ALIVE_MS = 60_000;

const openErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EADDRINUSE: ['port-in-use', 'another program has it'],
  EACCES: ['permission-denied', 'ports below 1024 need root or CAP_NET_BIND_SERVICE'],
  EADDRNOTAVAIL: ['address-unavailable', 'this machine does not have that address'],
};

/** A TCP port with a bounded number of connections: of one address the newest stay, of all addresses the oldest. */
export class TcpDoor {
  readonly #options: DoorOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Map<Socket, string>();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** @throws AppError `port-in-use`, `permission-denied`, `address-unavailable` or `socket-failed` */
  async listen(address: Ipv4, port: number): Promise<void> {
    const server = createServer((socket) => this.#enter(socket));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(openError(`${address}:${port}`, cause)));
      server.listen({ host: address, port }, resolve);
    });
    server.on('error', (error) => this.#options.log.warn({ error, address, port }, 'a TCP port reported an error'));
  }

  /** Ends every connection as well. */
  async close(): Promise<void> {
    const closing = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of this.#sockets.keys()) socket.destroy();
    await Promise.all(closing);
  }

  #enter(socket: Socket): void {
    const remote = socket.remoteAddress ?? '';
    // A connection that breaks is nothing to tell: the machine at its other end was switched off.
    socket.on('error', () => socket.destroy());
    if (!this.#options.mayEnter(remote)) {
      socket.destroy();
      return;
    }
    this.#makeRoom(remote);
    if (this.#sockets.size >= MAX_SOCKETS) {
      this.#options.onRefused();
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, remote);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#options.onSocket(socket, remote);
  }

  /** Who comes again after a reset has left its former connections half open. */
  #makeRoom(remote: string): void {
    const own = [...this.#sockets].filter(([, from]) => from === remote).map(([socket]) => socket);
    for (const oldest of own.slice(0, Math.max(0, own.length - MAX_PER_ADDRESS + 1))) {
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
  }
}

function openError(where: string, cause: Error): AppError {
  const errno = (cause as NodeJS.ErrnoException).code ?? '';
  const [code, why] = openErrors[errno] ?? ['socket-failed', errno || 'see the cause'];
  return new AppError(code, `TCP ${where}: ${why}`, { cause });
}
