const WINDOW_MS = 10 * 60_000;
const MOST_OF_ONE = 5;
const MOST_OF_ALL = 20;
/** Who gave a right one from an address lately is not locked out by what others guess. */
const KNOWN_FOR_MS = 30 * 24 * 3_600_000;
const MOST_KNOWN = 64;

type Wrong = { readonly remote: string; readonly at: number };

/**
 * Counts wrong PINs, or wrong codes. After five of one address within ten minutes none of that address is looked at, not
 * even the right one; after twenty of all addresses, none of any address that has not given the right one lately. So one that guesses
 * locks itself out alone, and one with a hundred addresses has twenty tries in ten minutes (two days for half of the PINs
 * with four digits, half a year with six), while the people of the site go on from where they were.
 */
export class WrongTries {
  readonly #what: string;
  #wrong: readonly Wrong[] = [];
  readonly #known = new Map<string, number>();

  /** @param what what is tried, such as `PINs` */
  constructor(what: string) {
    this.#what = what;
  }

  /** Why a try is not looked at now; undefined: it is. `now` only ever grows. */
  whyNot(remote: string, now: number): string | undefined {
    this.#wrong = this.#wrong.filter(({ at }) => now - at < WINDOW_MS);
    const own = this.#wrong.filter((one) => one.remote === remote).length;
    if (own >= MOST_OF_ONE) return `five wrong ${this.#what} within ten minutes: wait, then try again`;
    if (this.#wrong.length < MOST_OF_ALL || this.#isKnown(remote, now)) return undefined;
    return `too many wrong ${this.#what} from several addresses: use the terminal of the site, or wait ten minutes`;
  }

  noteWrong(remote: string, now: number): void {
    this.#wrong = [...this.#wrong, { remote, at: now }];
  }

  /** The last try of an address was not wrong after all. */
  takeBack(remote: string): void {
    const index = this.#wrong.findLastIndex((one) => one.remote === remote);
    this.#wrong = this.#wrong.filter((_, i) => i !== index);
  }

  noteRight(remote: string, now: number): void {
    this.#known.delete(remote);
    this.#known.set(remote, now);
    for (const oldest of [...this.#known.keys()].slice(0, Math.max(0, this.#known.size - MOST_KNOWN)))
      this.#known.delete(oldest);
    this.#wrong = this.#wrong.filter((one) => one.remote !== remote);
  }

  #isKnown(remote: string, now: number): boolean {
    const at = this.#known.get(remote);
    return at !== undefined && now - at < KNOWN_FOR_MS;
  }
}
