const WINDOW_MS = 60_000;
const MOST_OF_ONE = 10;
/** Addresses that are remembered; the one that was quiet for longest is forgotten first. */
const MOST_ADDRESSES = 1_000;

/**
 * Counts wrong tokens by address: after ten within a minute nothing that comes from there is looked at for the rest of it. A
 * token cannot be guessed; this keeps who tries from the database and from the log.
 */
export class WrongTokens {
  readonly #wrong = new Map<string, { readonly since: number; readonly count: number }>();

  /** Whether the tries of this address are used up. `now` only ever grows. */
  isLocked(remote: string, now: number): boolean {
    const own = this.#wrong.get(remote);
    return own !== undefined && now - own.since < WINDOW_MS && own.count >= MOST_OF_ONE;
  }

  note(remote: string, now: number): void {
    const own = this.#wrong.get(remote);
    const goesOn = own !== undefined && now - own.since < WINDOW_MS;
    this.#wrong.delete(remote);
    this.#wrong.set(remote, goesOn ? { since: own.since, count: own.count + 1 } : { since: now, count: 1 });
    for (const [oldest] of this.#wrong) {
      if (this.#wrong.size <= MOST_ADDRESSES) return;
      this.#wrong.delete(oldest);
    }
  }
}
