import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export type Shares = {
  /** Connections of all clients together. */
  readonly most: number;
  /** Connections of one client address. */
  readonly mostOfOne: number;
  readonly onTurnedAway: (remote: string) => void;
};

/** Connections that are hung up on are still open for a moment. */
const CLOSING = 64;

/**
 * Keeps the connections of a server within bounds, and nobody out of it: where all places are taken, the client that has
 * the most of them loses one to a client that has fewer, the oldest that nothing is going over if there is one. So a neighbour with a dozen addresses, which holds
 * all places with connections that say nothing, keeps no machine from its boot. Those of a Unix socket have no address,
 * and are not counted.
 */
export function shareFairly(server: Server, { most, mostOfOne, onTurnedAway }: Shares): void {
  const clients = new Map<string, Set<Socket>>();
  const busy = new WeakSet<Socket>();
  let total = 0;
  server.maxConnections = most + CLOSING;

  function leave(remote: string, socket: Socket): void {
    const own = clients.get(remote);
    if (!own?.delete(socket)) return;
    total -= 1;
    if (own.size === 0) clients.delete(remote);
  }

  function turnAway(remote: string, socket: Socket): void {
    leave(remote, socket);
    socket.destroy();
    onTurnedAway(remote);
  }

  server.on('request', ({ socket }, response) => {
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
  });
  server.on('connection', (socket) => {
    const remote = socket.remoteAddress;
    if (remote === undefined) return;
    const own = clients.get(remote) ?? new Set();
    clients.set(remote, own.add(socket));
    total += 1;
    socket.once('close', () => leave(remote, socket));
    if (own.size > mostOfOne) turnAway(remote, socket);
    else if (total > most) {
      const [richest, sockets] = richestOf(clients, remote, own);
      const [oldest = socket] = sockets;
      const gives = sockets === own ? socket : ([...sockets].find((one) => !busy.has(one)) ?? oldest);
      turnAway(richest, gives);
    }
  });
}

/** The client with the most connections, by its address; this one, if nobody has more than it. */
function richestOf(
  clients: ReadonlyMap<string, ReadonlySet<Socket>>,
  remote: string,
  own: ReadonlySet<Socket>,
): readonly [string, ReadonlySet<Socket>] {
  let richest: readonly [string, ReadonlySet<Socket>] = [remote, own];
  for (const client of clients) if (client[1].size > richest[1].size) richest = client;
  return richest;
}
