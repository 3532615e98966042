import { AppError } from '../../kernel/errors.ts';
import type { Cancel, Clock, StopSignal } from '../../kernel/ports.ts';
import { FILL_PRIORITIES, type FillPriority } from '../../model/content.ts';
import type { WanRules } from '../../model/wan.ts';
import type { Wan } from '../../model/wan-port.ts';
import { rulesNow, storeTime, type WanNow } from './policy/rules.ts';

export type WanDeps = {
  /** Those of the revision in force; asked anew for each decision, so that a new one needs no restart. */
  readonly rules: () => WanRules;
  readonly clock: Clock;
  /** What earlier lives of this site used in a month. */
  readonly used?: MonthlyUse;
};

export type MonthlyUse = { readonly month: string; readonly bytes: number };

export interface RunningWan extends Wan {
  /** What holds now, and what was used in this month. */
  now(): WanNow & MonthlyUse;
  /** How many wait for their turn. */
  waiting(): number;
  /** Whoever waits is told that the site stops. */
  stop(): void;
}

/** Who may go in a moment in which nobody else is served: bytes that come at once after a pause. */
const BURST_SECONDS = 0.25;
/** Smaller ones would wake us for each packet. */
const LEAST_BURST_BYTES = 64 * 1024;
/** How soon a new revision, or the beginning of a window, is seen by those who wait. */
const LOOK_EVERY_MS = 1_000;

type Waiting = { readonly bytes: number; readonly resolve: () => void; readonly reject: (error: AppError) => void };

/**
 * A token bucket for all downloads of the site. Of those who wait, the most urgent go first, and among equals whoever came
 * first; what is taken may leave the bucket in debt, so that no piece is too large to ever go.
 */
export function createWan({ rules, clock, used }: WanDeps): RunningWan {
  return new Governor(rules, clock, used);
}

class Governor implements RunningWan {
  readonly #rules: () => WanRules;
  readonly #clock: Clock;
  readonly #queues = new Map<FillPriority, Set<Waiting>>(FILL_PRIORITIES.map((name) => [name, new Set()]));
  #use: { month: string; bytes: number };
  #tokens = LEAST_BURST_BYTES;
  #filledAt: number;
  #timer: Cancel | undefined;
  #stopped = false;

  constructor(rules: () => WanRules, clock: Clock, used: MonthlyUse | undefined) {
    this.#rules = rules;
    this.#clock = clock;
    this.#use = { month: used?.month ?? '', bytes: used?.bytes ?? 0 };
    this.#filledAt = clock.monotonic();
  }

  take(bytes: number, priority: FillPriority, signal: StopSignal): Promise<void> {
    if (this.#stopped || signal.aborted) return Promise.reject(stopping());
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(priority);
      const waiting: Waiting = {
        bytes,
        resolve: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
        reject,
      };
      const leave = (): void => {
        queue?.delete(waiting);
        reject(stopping());
      };
      signal.addEventListener('abort', leave);
      queue?.add(waiting);
      this.#serve();
    });
  }

  now(): WanNow & MonthlyUse {
    const rules = this.#rules();
    const time = storeTime(rules.timeZone, this.#clock.now());
    if (time.month !== this.#use.month) this.#use = { month: time.month, bytes: 0 };
    return { ...rulesNow(rules, time, this.#use.bytes), ...this.#use };
  }

  waiting(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.size, 0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    for (const queue of this.#queues.values()) {
      for (const waiting of queue) waiting.reject(stopping());
      queue.clear();
    }
  }

  #serve(): void {
    this.#timer?.();
    this.#timer = undefined;
    for (;;) {
      const now = this.now();
      this.#refill(now.bytesPerSecond);
      const next = this.#next(now);
      if (!next) break;
      const { queue, waiting } = next;
      if (now.bytesPerSecond !== undefined && this.#tokens <= 0) break;
      queue.delete(waiting);
      this.#tokens -= waiting.bytes;
      this.#use.bytes += waiting.bytes;
      waiting.resolve();
    }
    if (this.waiting() > 0) this.#wakeLater();
  }

  #next(now: WanNow): { readonly queue: Set<Waiting>; readonly waiting: Waiting } | undefined {
    for (const [priority, queue] of this.#queues) {
      if (isForNobody(priority) && !now.prefetch) continue;
      const [waiting] = queue;
      if (waiting) return { queue, waiting };
    }
    return undefined;
  }

  #refill(bytesPerSecond: number | undefined): void {
    const at = this.#clock.monotonic();
    const seconds = (at - this.#filledAt) / 1_000;
    this.#filledAt = at;
    if (bytesPerSecond === undefined) {
      this.#tokens = LEAST_BURST_BYTES;
      return;
    }
    const most = Math.max(LEAST_BURST_BYTES, bytesPerSecond * BURST_SECONDS);
    this.#tokens = Math.min(most, this.#tokens + seconds * bytesPerSecond);
  }

  #wakeLater(): void {
    const { bytesPerSecond } = this.now();
    const debtMs = bytesPerSecond === undefined ? LOOK_EVERY_MS : ((1 - this.#tokens) / bytesPerSecond) * 1_000;
    const delayMs = Math.ceil(Math.min(LOOK_EVERY_MS, Math.max(1, debtMs)));
    this.#timer = this.#clock.after(delayMs, () => this.#serve());
  }
}

function isForNobody(priority: FillPriority): boolean {
  return priority === 'prefetch' || priority === 'scrub';
}

function stopping(): AppError {
  return new AppError('asset-unavailable', 'the download was stopped');
}
