import { createServer, type Server, type Socket } from 'node:net';

export type DoorLimits = {
  /** Connections at a time, whatever they speak. */
  readonly connections: number;
  /** TLS handshakes at a time: each costs 2 ms of the one core that also serves those who are in. */
  readonly handshakes: number;
  /** Of these, for one address: silent connections of one stranger shall not keep all others out. */
  readonly handshakesPerAddress: number;
};

/**
 * The door before TLS: who finds it full is sent away before the costly part, by a reset, and comes again after a time of its
 * own choosing. Who is in counts for no address: behind one there may be a whole chain of stores.
 */
export class Door {
  readonly server: Server;
  readonly #open = new Map<string, Socket>();
  /** Address of each peer in its handshake. */
  readonly #shaking = new Map<string, string>();
  #turnedAway = 0;

  constructor(limits: DoorLimits, enter: (socket: Socket) => void) {
    this.server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
      if (this.#isFull(limits, socket.remoteAddress ?? '')) {
        this.#turnedAway += 1;
        socket.resetAndDestroy();
        return;
      }
      const peer = peerOf(socket);
      this.#open.set(peer, socket);
      this.#shaking.set(peer, socket.remoteAddress ?? '');
      socket.once('close', () => {
        this.#open.delete(peer);
        this.#shaking.delete(peer);
      });
      enter(socket);
    });
  }

  #isFull({ connections, handshakes, handshakesPerAddress }: DoorLimits, address: string): boolean {
    if (this.#open.size >= connections || this.#shaking.size >= handshakes) return true;
    let own = 0;
    for (const other of this.#shaking.values()) if (other === address) own += 1;
    return own >= handshakesPerAddress;
  }

  /** The handshake of this connection is done. `peer` as `peerOf` has it. */
  isIn(peer: string): void {
    this.#shaking.delete(peer);
  }

  counters(): Readonly<Record<string, number>> {
    return { connections: this.#open.size, handshakes: this.#shaking.size, 'turned-away': this.#turnedAway };
  }

  destroyAll(): void {
    for (const socket of this.#open.values()) socket.destroy();
  }
}

/** A connection by its other end, as gRPC names it, too. */
export function peerOf(socket: {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
