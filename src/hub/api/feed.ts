import type { Clock } from '../../kernel/ports.ts';
import type { FleetFeedItem } from '../../wire/api/fleet-views.ts';

/** `id` is `RUN-NUMBER`: another run of the hub counts anew. */
export type FeedEntry = { readonly id: string; readonly item: FleetFeedItem };

/** Items kept for those who come back. */
const KEPT = 1_000;
/** Changes of so long come together: a page asks once for all of them. */
const GATHER_MS = 250;
/** So many sites at once are "the sites": asking one by one would be more. */
const MOST_SINGLE_SITES = 50;

/** Which views have changed: kept for a while, so that who was cut off misses nothing or knows that he did. */
export class Feed {
  readonly #clock: Clock;
  readonly #run: string;
  readonly #kept: FeedEntry[] = [];
  readonly #listeners = new Set<(entry: FeedEntry) => void>();
  #pending = new Map<string, FleetFeedItem>();
  #count = 0;

  /** @param run names this run of the hub */
  constructor(clock: Clock, run: string) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Tells it in a moment, once for all that is the same. */
  note(items: readonly FleetFeedItem[]): void {
    if (items.length === 0) return;
    if (this.#pending.size === 0) this.#clock.after(GATHER_MS, () => this.flush());
    for (const item of items) this.#pending.set(`${item.view}/${item.site ?? ''}/${item.publication ?? ''}`, item);
  }

  /** Tells now what waits. */
  flush(): void {
    const items = fold([...this.#pending.values()]);
    this.#pending = new Map();
    for (const item of items) this.#emit(item);
  }

  /** Calls `listener` with all behind `after`, then with what comes. What was missed is told as `all`. */
  listen(after: string | undefined, listener: (entry: FeedEntry) => void): () => void {
    for (const entry of this.#since(after)) listener(entry);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  #since(after: string | undefined): readonly FeedEntry[] {
    const here: FeedEntry = { id: `${this.#run}-${this.#count}`, item: { view: 'all' } };
    if (after === undefined) return [];
    const [, number] = after.startsWith(`${this.#run}-`) ? after.split('-') : [];
    const seen = number === undefined || !/^\d+$/.test(number) ? -1 : Number(number);
    const isKept = seen >= this.#count - this.#kept.length && seen <= this.#count;
    return isKept ? this.#kept.slice(this.#kept.length - (this.#count - seen)) : [here];
  }

  #emit(item: FleetFeedItem): void {
    this.#count += 1;
    const entry = { id: `${this.#run}-${this.#count}`, item };
    this.#kept.push(entry);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(entry);
  }
}

function fold(items: readonly FleetFeedItem[]): readonly FleetFeedItem[] {
  const single = items.filter(({ view, site }) => view === 'sites' && site !== undefined);
  if (single.length <= MOST_SINGLE_SITES) return items;
  return [...items.filter((item) => !single.includes(item) && item.view !== 'sites'), { view: 'sites' }];
}
