/** A connection, by the little that is needed of it. */
export type GuestSocket = { readonly bytesRead: number; destroy(): unknown };

export type GuestLimits = {
  /** Connections at a time of which no call has shown yet that it is a site's. */
  readonly guests: number;
  /** What all of them together may have sent: a call is kept until it is whole, and only then it is known who asks. */
  readonly guestBytes: number;
};

/**
 * Connections that are through TLS and have not shown yet whose they are. A site does that with its first call; whoever does not
 * could stay for ever and send as much as there is memory. When there are too many the oldest goes, and when they have sent too
 * much the one that sent most: a site that is among them comes again.
 */
export class Guests {
  readonly #limits: GuestLimits;
  readonly #open = new Map<string, GuestSocket>();
  #sentAway = 0;

  constructor(limits: GuestLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }
  get sentAway(): number {
    return this.#sentAway;
  }

  welcome(peer: string, socket: GuestSocket): void {
    this.#open.set(peer, socket);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= this.#limits.guests) return;
      this.#sendAway(oldest);
    }
  }

  /** It is known who this is, or it has gone. */
  forget(peer: string): void {
    this.#open.delete(peer);
  }

  /** To be called again and again: what was sent meanwhile shows only by looking. */
  look(): void {
    const all = [...this.#open].map(([peer, { bytesRead }]) => ({ peer, bytesRead }));
    let sum = all.reduce((bytes, { bytesRead }) => bytes + bytesRead, 0);
    if (sum <= this.#limits.guestBytes) return;
    for (const { peer, bytesRead } of all.sort((a, b) => b.bytesRead - a.bytesRead)) {
      if (sum <= this.#limits.guestBytes) return;
      this.#sendAway(peer);
      sum -= bytesRead;
    }
  }

  #sendAway(peer: string): void {
    const socket = this.#open.get(peer);
    this.#open.delete(peer);
    this.#sentAway += 1;
    socket?.destroy();
  }
}
