const MAX_WRONG = 5;
const WINDOW_MS = 10 * 60_000;

/** Counts wrong PINs: after five within ten minutes none is looked at, not even the right one. */
export class WrongPins {
  #wrong: readonly number[] = [];

  /** Whether a PIN may be looked at now. `now` only ever grows. */
  mayTry(now: number): boolean {
    this.#wrong = this.#wrong.filter((at) => now - at < WINDOW_MS);
    return this.#wrong.length < MAX_WRONG;
  }

  note(now: number): void {
    this.#wrong = [...this.#wrong, now];
  }
}
