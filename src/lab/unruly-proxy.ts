import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seededRandom } from './clients/dhcp-packet.ts';

/** Shares from 0 to 1 of all datagrams, in each direction; what is left over passes as it came. */
export type Unruliness = {
  readonly drop: number;
  readonly duplicate: number;
  /** Comes later, so that others overtake it. */
  readonly delay: number;
};

type Endpoint = { readonly address: string; readonly port: number };

const LONGEST_DELAY_MS = 30;

/** A TFTP server's stand-in on the way to it that loses, doubles and reorders datagrams; the same seed draws the same lots. */
export class UnrulyProxy {
  readonly port: number;
  readonly #server: Endpoint;
  readonly #random: () => number;
  readonly #shares: Unruliness;
  readonly #door: Socket;
  readonly #sessions = new Map<string, Session>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** What it did, so that a test can tell that something was done at all. */
  readonly counts = { dropped: 0, duplicated: 0, delayed: 0, passed: 0 };

  private constructor(door: Socket, server: Endpoint, seed: number, shares: Unruliness) {
    this.#door = door;
    this.port = door.address().port;
    this.#server = server;
    this.#random = seededRandom(seed);
    this.#shares = shares;
    door.on('message', (bytes, from) => this.#open(from).toServer(bytes));
  }

  static async open(server: Endpoint, seed: number, shares: Unruliness): Promise<UnrulyProxy> {
    const door = await bound(server.address);
    return new UnrulyProxy(door, server, seed, shares);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#door.close();
    for (const session of this.#sessions.values()) session.close();
  }

  #open(client: Endpoint): Session {
    const key = `${client.address}:${client.port}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const session = new Session(client, this.#server, (send) => this.#pass(send));
    this.#sessions.set(key, session);
    return session;
  }

  #pass(send: () => void): void {
    const lot = this.#random();
    const { drop, duplicate, delay } = this.#shares;
    if (lot < drop) this.counts.dropped += 1;
    else if (lot < drop + duplicate) {
      this.counts.duplicated += 1;
      send();
      send();
    } else if (lot < drop + duplicate + delay) {
      this.counts.delayed += 1;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        send();
      }, this.#random() * LONGEST_DELAY_MS);
      this.#timers.add(timer);
    } else {
      this.counts.passed += 1;
      send();
    }
  }
}

/** One transfer: the server sees one port of ours, and the client sees another, as RFC 1350 has it. */
class Session {
  readonly #up = createSocket('udp4');
  readonly #down = createSocket('udp4');
  readonly #server: Endpoint;
  readonly #pass: (send: () => void) => void;
  #serverPort: number;

  constructor(client: Endpoint, server: Endpoint, pass: (send: () => void) => void) {
    this.#server = server;
    this.#serverPort = server.port;
    this.#pass = pass;
    this.#up.bind(0, server.address);
    this.#down.bind(0, server.address);
    this.#up.on('message', (bytes, from) => {
      this.#serverPort = from.port;
      pass(() => this.#down.send(bytes, client.port, client.address, () => undefined));
    });
    this.#down.on('message', (bytes) => this.toServer(bytes));
  }

  toServer(bytes: Uint8Array): void {
    const { address } = this.#server;
    this.#pass(() => this.#up.send(bytes, this.#serverPort, address, () => undefined));
  }

  close(): void {
    this.#up.close();
    this.#down.close();
  }
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}
