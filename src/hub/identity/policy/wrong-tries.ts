/** So many wrong ones of one kind of key within the time, then none is looked at until it is over. */
export type TryLimit = { readonly most: number; readonly withinMs: number };
/** Keys that are remembered; whoever has more to guess from is held back by the length of the code alone. */
const MOST_KEYS = 10_000;

/** Counts wrong tries by key, such as the id of an invite or an address. Right ones are not counted, and never undone by wrong ones. */
export class WrongTries {
  readonly #limit: TryLimit;
  readonly #wrong = new Map<string, readonly number[]>();

  constructor(limit: TryLimit) {
    this.#limit = limit;
  }

  /** How long to wait before a try of this key is looked at; 0: none. `now` only ever grows. */
  waitMs(key: string, now: number): number {
    const recent = this.#recent(key, now);
    const [oldest] = recent;
    return oldest === undefined || recent.length < this.#limit.most ? 0 : oldest + this.#limit.withinMs - now;
  }

  noteWrong(key: string, now: number): void {
    const recent = [...this.#recent(key, now), now].slice(-this.#limit.most);
    this.#wrong.delete(key);
    this.#wrong.set(key, recent);
    for (const first of this.#wrong.keys()) {
      if (this.#wrong.size <= MOST_KEYS) break;
      this.#wrong.delete(first);
    }
  }

  #recent(key: string, now: number): readonly number[] {
    return (this.#wrong.get(key) ?? []).filter((at) => now - at < this.#limit.withinMs);
  }
}
