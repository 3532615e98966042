import type { What } from './faults.ts';

/** One request as a fake registry saw it. `bytesSent` grows while the body goes out. */
export type Seen = {
  readonly what: What;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  status: number;
  bytesSent: number;
  /** False while it is being answered. */
  isOver: boolean;
};

export type SeenFilter = { readonly what?: What; readonly method?: string; readonly in?: string };

export type Count = {
  readonly requests: number;
  /** Of bodies. */
  readonly bytesSent: number;
  /** How many of them carried credentials of any kind. */
  readonly withCredentials: number;
  /** The most that were being answered at the same time. */
  readonly mostAtOnce: number;
};

/** What was asked of a fake registry, and what it cost: the books that every test of the mirror looks into. */
export class Ledger {
  readonly #all: Seen[] = [];
  /** Starts (+1) and ends (-1) in their order, for how many ran at once. */
  readonly #moves: { readonly seen: Seen; readonly step: 1 | -1 }[] = [];

  begin(seen: Seen): void {
    this.#all.push(seen);
    this.#moves.push({ seen, step: 1 });
  }

  end(seen: Seen): void {
    if (seen.isOver) return;
    seen.isOver = true;
    this.#moves.push({ seen, step: -1 });
  }

  seen(filter: SeenFilter = {}): readonly Seen[] {
    return this.#all.filter((each) => fits(each, filter));
  }

  count(filter: SeenFilter = {}): Count {
    const some = this.seen(filter);
    let [now, mostAtOnce] = [0, 0];
    for (const { seen, step } of this.#moves) {
      if (!fits(seen, filter)) continue;
      now += step;
      mostAtOnce = Math.max(mostAtOnce, now);
    }
    return {
      requests: some.length,
      bytesSent: some.reduce((sum, each) => sum + each.bytesSent, 0),
      withCredentials: some.filter((each) => each.headers['authorization'] !== undefined).length,
      mostAtOnce,
    };
  }

  /** Begins new books, such as between a cold and a warm pull. What is still being answered stays in the old ones. */
  clear(): void {
    this.#all.length = 0;
    this.#moves.length = 0;
  }
}

function fits(seen: Seen, { what, method, in: part }: SeenFilter): boolean {
  const isThat = (what === undefined || seen.what === what) && (method === undefined || seen.method === method);
  return isThat && (part === undefined || seen.url.includes(part));
}
