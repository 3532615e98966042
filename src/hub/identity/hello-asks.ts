import type { Clock, Random } from '../../kernel/ports.ts';

/** Sites say Hello within this time after the roots have changed: not all at once, since each Hello may bring a new certificate. */
const WITHIN_MS = 10 * 60_000;

/** Which sites head office wants a Hello of, and when: by Hello they learn of new roots. In memory; who connects says Hello anyway. */
export class HelloAsks {
  readonly #due = new Map<string, number>();
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: Pick<Random, 'unit'>;

  constructor(clock: Pick<Clock, 'monotonic'>, random: Pick<Random, 'unit'>) {
    this.#clock = clock;
    this.#random = random;
  }

  begin(sites: readonly string[]): void {
    for (const site of sites) this.#due.set(site, this.#clock.monotonic() + this.#random.unit() * WITHIN_MS);
  }

  /** Whether the site is to say Hello now. It is asked again after a while, until `done`. */
  isDue(site: string): boolean {
    const due = this.#due.get(site);
    if (due === undefined || this.#clock.monotonic() < due) return false;
    this.#due.set(site, this.#clock.monotonic() + (0.5 + this.#random.unit()) * WITHIN_MS);
    return true;
  }

  done(site: string): void {
    this.#due.delete(site);
  }
}
