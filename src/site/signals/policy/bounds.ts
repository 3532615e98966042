/** A key that was not heard for longest gives way. */
const MAX_KEYS = 1024;

/** How much somebody may send: `burst` at once, and `perSecond` from then on. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Lets each key send so much and no more. Time is that of a clock that never jumps. */
export class Allowance {
  readonly #rate: Rate;
  readonly #left = new Map<string, { readonly left: number; readonly at: number }>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes one from the allowance of `key`; false: it has none left. */
  take(key: string, nowMs: number): boolean {
    const { perSecond, burst } = this.#rate;
    const before = this.#left.get(key) ?? { left: burst, at: nowMs };
    const left = Math.min(burst, before.left + ((nowMs - before.at) * perSecond) / 1_000);
    this.#left.delete(key);
    this.#left.set(key, { left: left >= 1 ? left - 1 : left, at: nowMs });
    if (this.#left.size > MAX_KEYS) dropOldest(this.#left);
    return left >= 1;
  }
}

const MAX_BOOTS = 1024;

/** Few things per boot, and each of them once: a disk that fails says so a thousand times. Numbers make no difference. */
export class FewOfEach {
  readonly #limit: number;
  readonly #said = new Map<string, Set<string>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether `text` is new for `boot`, and among the first ones. */
  isNews(boot: string, text: string): boolean {
    const said = this.#said.get(boot) ?? new Set();
    const shape = text.replace(/\d+/g, '0');
    if (said.has(shape) || said.size >= this.#limit) return false;
    said.add(shape);
    this.#said.delete(boot);
    this.#said.set(boot, said);
    if (this.#said.size > MAX_BOOTS) dropOldest(this.#said);
    return true;
  }
}

/** Talos counts its events by 20 letters; who sends a longer id is heard, and each time anew. */
const MAX_ID_LENGTH = 64;

/** The last things of each key that were heard, so that one that comes again is known. */
export class HeardBefore {
  readonly #perKey: number;
  readonly #heard = new Map<string, Set<string>>();

  constructor(perKey: number) {
    this.#perKey = perKey;
  }

  has(key: string, id: string): boolean {
    return this.#heard.get(key)?.has(id) ?? false;
  }

  note(key: string, id: string): void {
    if (id.length > MAX_ID_LENGTH) return;
    const ids = this.#heard.get(key) ?? new Set();
    ids.add(id);
    if (ids.size > this.#perKey) dropOldest(ids);
    this.#heard.delete(key);
    this.#heard.set(key, ids);
    if (this.#heard.size > MAX_KEYS) dropOldest(this.#heard);
  }
}

/** Both keep the order of insertion. */
function dropOldest(kept: Map<string, unknown> | Set<string>): void {
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
