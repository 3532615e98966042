/** How many machines fetch their systems at once, and how long the others wait for it. */
export type AdmissionRules = {
  /** A machine in the queue that asks no more, for so long, has left it. */
  readonly keepMs: number;
  /** One that was let in and takes nothing, for so long, is done, or is switched off. */
  readonly idleMs: number;
  /** Nobody waits for longer: a queue must not make a store stand still. */
  readonly longestMs: number;
};

/**
 * A loader asks every five seconds, or ten where an answer is lost. Two minutes without a byte outlast its own patience of one.
 * Who waits for its turn is not told that it stands still, which happens after ten.
 */
export const ADMISSION_RULES: AdmissionRules = { keepMs: 30_000, idleMs: 120_000, longestMs: 480_000 };

/** A machine at the door. `id` names it; its files go to `address`. */
export type Arrival = {
  readonly id: string;
  readonly address: string;
  /** What it is to fetch, by digest. */
  readonly files: readonly string[];
  /** How many may fetch at once; what the template says may change between two questions. */
  readonly limit: number;
  /** It was let in before, and something went wrong: it never goes to the end of the queue for that. */
  readonly isRetry: boolean;
};

type Waiting = { readonly since: number; readonly askedAt: number };
type Fetching = { readonly address: string; readonly missing: ReadonlySet<string>; readonly movedAt: number };

/**
 * A queue before the files, not before a file: who was let in is only slowed by the others, never held. Each machine
 * asks again and again by itself, and the first that have asked go in first. It is memory only: after a restart all
 * ask again. Every `now` is in milliseconds of a clock that nobody sets.
 */
export class Admission {
  readonly #rules: AdmissionRules;
  /** In the order in which they came: a Map keeps it. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #fetching = new Map<string, Fetching>();

  constructor(rules: AdmissionRules) {
    this.#rules = rules;
  }

  /** Its place in the queue, counted from 1; undefined: it is let in. */
  ask(arrival: Arrival, now: number): number | undefined {
    this.#forget(now);
    const { id, limit, isRetry } = arrival;
    const since = this.#waiting.get(id)?.since ?? now;
    this.#waiting.set(id, { since, askedAt: now });
    const place = [...this.#waiting.keys()].indexOf(id) + 1;
    const isIn = this.#fetching.has(id) || isRetry;
    const isNext = place <= limit - this.#fetching.size;
    if (!isIn && !isNext && now - since < this.#rules.longestMs) return place;
    this.#waiting.delete(id);
    this.#fetching.set(id, { address: arrival.address, missing: new Set(arrival.files), movedAt: now });
    return undefined;
  }

  /** Bytes go to an address; `sent` names a file that is through. */
  moved(address: string, now: number, sent?: string): void {
    for (const [id, row] of this.#fetching) {
      if (row.address !== address) continue;
      const missing = new Set([...row.missing].filter((file) => file !== sent));
      if (missing.size === 0) this.#fetching.delete(id);
      else this.#fetching.set(id, { ...row, missing, movedAt: now });
    }
  }

  /** The place of a machine that waits, counted from 1; undefined: it does not wait. */
  placeOf(id: string, now: number): number | undefined {
    this.#forget(now);
    return this.#waiting.has(id) ? [...this.#waiting.keys()].indexOf(id) + 1 : undefined;
  }

  counts(now: number): { readonly fetching: number; readonly waiting: number } {
    this.#forget(now);
    return { fetching: this.#fetching.size, waiting: this.#waiting.size };
  }

  /** Takes away whose time is over. */
  #forget(now: number): void {
    for (const [id, { askedAt }] of this.#waiting) if (now - askedAt >= this.#rules.keepMs) this.#waiting.delete(id);
    for (const [id, { movedAt }] of this.#fetching) if (now - movedAt >= this.#rules.idleMs) this.#fetching.delete(id);
  }
}
