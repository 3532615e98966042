/** A request's time may be off by so much in either direction, as REFUSALS says of `clock-skew`. */
export const MOST_SKEW_MS = 10 * 60_000;
/** So long a nonce could be shown again without being refused for its time. */
const WINDOW_MS = 2 * MOST_SKEW_MS;
/** Of one site in one window: far more than a site in good order asks, so that one in disorder is slowed down alone. */
const MOST_PER_SITE = 5_000;

/**
 * Which requests were served already. Two windows, the present one and the one before, are looked through: what is older is
 * refused for its time.
 */
export class NonceWindow {
  #current = new Map<string, Set<string>>();
  #before = new Map<string, Set<string>>();
  #turnsAt: number;
  readonly #most: number;

  constructor(nowMs: number, most = MOST_PER_SITE) {
    this.#turnsAt = nowMs + WINDOW_MS;
    this.#most = most;
  }

  /** Notes a nonce, once. `full`: this site asks too much; nothing was noted. */
  see(site: string, nonce: string, nowMs: number): 'new' | 'replayed' | 'full' {
    this.#turn(nowMs);
    const seen = this.#current.get(site) ?? new Set();
    if (seen.has(nonce) || this.#before.get(site)?.has(nonce)) return 'replayed';
    if (seen.size >= this.#most) return 'full';
    seen.add(nonce);
    this.#current.set(site, seen);
    return 'new';
  }

  #turn(nowMs: number): void {
    // Somebody has set the clock back: waiting for the old time to come again, a window could last for years and fill.
    this.#turnsAt = Math.min(this.#turnsAt, nowMs + WINDOW_MS);
    if (nowMs < this.#turnsAt) return;
    const isLongAgo = nowMs >= this.#turnsAt + WINDOW_MS;
    this.#before = isLongAgo ? new Map() : this.#current;
    this.#current = new Map();
    this.#turnsAt = nowMs + WINDOW_MS;
  }
}
