import type { Cancel, Clock, Log, LogFields } from '../../../kernel/ports.ts';
import type { Endpoint, UdpHandlers, UdpPort, UdpSocket } from '../../../kernel/udp.ts';

/** UDP without a network: what was sent lies in `sent`, what shall arrive is given to `deliver`. */
export class MemoryUdp implements UdpPort {
  readonly sent: { readonly bytes: Uint8Array; readonly from: Endpoint; readonly to: Endpoint }[] = [];
  readonly #sockets = new Map<number, UdpHandlers>();
  #nextPort = 40_000;
  /** The next `open` rejects with it. */
  failNext: Error | undefined;

  async open(local: Endpoint, handlers: UdpHandlers): Promise<UdpSocket> {
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure) throw failure;
    const bound = { ...local, port: local.port || this.#nextPort++ };
    this.#sockets.set(bound.port, handlers);
    return {
      local: bound,
      send: (bytes, to) => void this.sent.push({ bytes, from: bound, to }),
      close: async () => void this.#sockets.delete(bound.port),
    };
  }

  deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.#sockets.get(to.port)?.onDatagram(bytes, from);
  }

  openPorts(): number[] {
    return [...this.#sockets.keys()];
  }
}

/** A clock that stands still until `advance`, which runs what falls due. */
export class ManualClock implements Clock {
  #ms = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { at: this.#ms + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    this.#ms += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#ms);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#ms);
    for (const timer of due) timer.run();
  }
}

export type LogLine = { readonly level: keyof Log; readonly fields: LogFields; readonly message: string };

export function createLogRecorder(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const record = (level: keyof Log) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}
