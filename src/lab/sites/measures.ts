import type { MethodName } from '../../wire/link/methods.ts';

/** How the calls of one kind went. Times are in ms; of Sync there are none, as it waits on purpose. */
export type CallFigures = {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Reasons, and how often; empty: none failed. */
  readonly failed: Readonly<Record<string, number>>;
};

/** What all simulated sites together have seen since the last `begin`. */
export class Measures {
  #began: number;
  readonly #now: () => number;
  #times = new Map<MethodName, number[]>();
  #failed = new Map<MethodName, Map<string, number>>();

  /** @param now a clock that does not jump, in ms */
  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  begin(): void {
    this.#began = this.#now();
    this.#times = new Map();
    this.#failed = new Map();
  }

  note(method: MethodName, tookMs: number): void {
    const times = this.#times.get(method);
    if (times) times.push(tookMs);
    else this.#times.set(method, [tookMs]);
  }

  fail(method: MethodName, reason: string): void {
    const reasons = this.#failed.get(method) ?? new Map<string, number>();
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    this.#failed.set(method, reasons);
  }

  get seconds(): number {
    return Math.max(1, this.#now() - this.#began) / 1_000;
  }

  figures(): Readonly<Record<string, CallFigures>> {
    const methods = new Set([...this.#times.keys(), ...this.#failed.keys()]);
    return Object.fromEntries([...methods].map((method) => [method, this.#of(method)]));
  }

  #of(method: MethodName): CallFigures {
    const times = [...(this.#times.get(method) ?? [])].sort((a, b) => a - b);
    return {
      answered: times.length,
      perSecond: times.length / this.seconds,
      ...(method === 'sync' || times.length === 0
        ? {}
        : { p50Ms: nearestRank(times, 0.5), p99Ms: nearestRank(times, 0.99) }),
      failed: Object.fromEntries(this.#failed.get(method) ?? []),
    };
  }
}

/** The value that the share `part` of them does not exceed: the nearest rank. */
export function nearestRank(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
