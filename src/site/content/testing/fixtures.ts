import { createHash } from 'node:crypto';
import type { Digest } from '../../../kernel/digest.ts';
import type { Cancel, Clock, Log, LogFields, Random } from '../../../kernel/ports.ts';
import type { Asset, AssetSource } from '../../../model/revision.ts';

/** A clock that stands still until `advance`, which runs what falls due. */
export class ManualClock implements Clock {
  #ms = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#ms;
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

/** A clock on which each wait is over in the next turn, and took its time. */
export class HurriedClock implements Clock {
  #ms = 0;

  now(): number {
    return 1_700_000_000_000 + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(delayMs: number, run: () => void): Cancel {
    const turn = setImmediate(() => {
      this.#ms += delayMs;
      run();
    });
    return () => clearImmediate(turn);
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}

export const halfRandom: Random = { unit: () => 0.5, bytes: (count) => new Uint8Array(count) };

export type LogLine = { readonly level: keyof Log; readonly fields: LogFields; readonly message: string };

export function createLogRecorder(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const record = (level: keyof Log) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

export function assetOf(bytes: Uint8Array | string, ...sources: AssetSource[]): Asset {
  return { digest: digestOf(bytes), name: 'kernel', sources };
}
