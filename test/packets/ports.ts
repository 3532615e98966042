import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { Clock, Log, LogFields } from '../../src/kernel/ports.ts';
import type { Endpoint, UdpHandlers, UdpPort, UdpSocket } from '../../src/kernel/udp.ts';
import type { NewEvent } from '../../src/model/event.ts';
import type { MemoryState } from '../../src/model/state.ts';
import { applyChanges, createState } from '../../src/model/state.ts';
import type { Change, Store } from '../../src/model/store.ts';

/** Time that stands still until a test moves it. */
export class TestClock implements Clock {
  time = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return 1_000_000 + this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.time + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets `ms` pass, timer by timer, and gives promises their turn after each. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
    await settled();
  }
}

/** Gives everything that waits for a promise its turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Sockets over memory: what was opened, what was sent, and a way in for datagrams. */
export class TestUdp implements UdpPort {
  readonly sockets: { local: Endpoint; handlers: UdpHandlers; broadcast: boolean; isOpen: boolean }[] = [];
  readonly sent: { bytes: Uint8Array; from: Endpoint; to: Endpoint }[] = [];
  /** Set to make the next `open` fail. */
  refusal: Error | undefined;

  async open(local: Endpoint, handlers: UdpHandlers, options: { broadcast?: boolean } = {}): Promise<UdpSocket> {
    if (this.refusal && local.port !== 0) throw this.refusal;
    const entry = { local, handlers, broadcast: options.broadcast ?? false, isOpen: true };
    this.sockets.push(entry);
    return {
      local,
      send: (bytes, to) => {
        this.sent.push({ bytes, from: local, to });
      },
      close: async () => {
        entry.isOpen = false;
      },
    };
  }

  /** A datagram comes in by the socket that is bound to `local` and `port`. */
  deliver(bytes: Uint8Array, local: Ipv4, from: Endpoint, port = 67): void {
    const socket = this.sockets.find(
      (entry) => entry.isOpen && entry.local.address === local && entry.local.port === port,
    );
    if (!socket) throw new Error(`nobody listens on ${local}:${port}`);
    socket.handlers.onDatagram(bytes, from);
  }
}

/** A store whose disk waits for the test: `sync` ends all commits that wait, `fail` refuses them. */
export class TestStore implements Store {
  readonly state: MemoryState = createState();
  readonly epoch = 'test';
  readonly lastSeq = 0;
  readonly recorded: NewEvent[] = [];
  #waiting: { changes: readonly Change[]; events: readonly NewEvent[]; done: (error?: Error) => void }[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, events, done: (error) => (error ? reject(error) : resolve()) });
    });
  }

  async sync(): Promise<void> {
    for (const { changes, events, done } of this.#waiting.splice(0)) {
      applyChanges(this.state, changes);
      this.recorded.push(...events);
      done();
    }
    await settled();
  }

  async fail(error: Error): Promise<void> {
    for (const { done } of this.#waiting.splice(0)) done(error);
    await settled();
  }

  events = async () => [];
  onEvent = () => () => {};
  prune = async () => ({ events: 0, unacked: 0, boots: 0 });
  close = async () => {};
}

/** Keeps every line. */
export class TestLog implements Log {
  readonly lines: { level: string; fields: LogFields; text: string }[] = [];
  debug = (fields: LogFields, text: string) => this.#keep('debug', fields, text);
  info = (fields: LogFields, text: string) => this.#keep('info', fields, text);
  warn = (fields: LogFields, text: string) => this.#keep('warn', fields, text);
  error = (fields: LogFields, text: string) => this.#keep('error', fields, text);

  #keep(level: string, fields: LogFields, text: string): void {
    this.lines.push({ level, fields, text });
  }
}
