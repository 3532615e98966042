import type { Digest } from '../../kernel/digest.ts';
import type { Clock } from '../../kernel/ports.ts';

/** A source that sent wrong bytes is not asked for them again at once: it would send them again. */
const BARRED_MS = 60_000;

/** Which sources delivered other bytes than those of a digest, known by their labels. */
export class BarredSources {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(digest: Digest, label: string): void {
    const now = this.#clock.monotonic();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    this.#until.set(`${digest} ${label}`, now + BARRED_MS);
  }

  /** Why it is not asked now; undefined: it may be. */
  because(digest: Digest, label: string): string | undefined {
    const leftMs = (this.#until.get(`${digest} ${label}`) ?? 0) - this.#clock.monotonic();
    return leftMs > 0 ? `sent other bytes, and is not asked again for ${Math.ceil(leftMs / 1000)} s` : undefined;
  }
}
