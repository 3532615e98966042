import type { Clock } from './ports.ts';

const MINUTE_MS = 60_000;

/**
 * Lets so many lines of one topic through in a minute, or in `windowMs`, and counts the rest: who floods the wire shall not fill the disk
 * with what we say of it.
 */
export class LogBudget {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #most: number;
  readonly #windowMs: number;
  readonly #topics = new Map<string, { since: number; lines: number; left: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>, most: number, windowMs: number = MINUTE_MS) {
    this.#clock = clock;
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Whether a line may be written, and if so how many were left out before it. Topics come from a closed list. */
  spend(topic: string): { readonly leftOut: number } | undefined {
    const now = this.#clock.monotonic();
    const entry = this.#topics.get(topic);
    if (!entry || now - entry.since >= this.#windowMs) {
      this.#topics.set(topic, { since: now, lines: 1, left: 0 });
      return { leftOut: entry?.left ?? 0 };
    }
    if (entry.lines >= this.#most) {
      entry.left += 1;
      return undefined;
    }
    entry.lines += 1;
    return { leftOut: 0 };
  }
}
