import type { SiteNodes, SiteStatus } from '../wire/api/views.ts';
import { ask, Refusal } from './api.ts';
import type { Reach } from './words/site.ts';

/** All that the page knows of the site. `turn` grows with everything that happened there. */
export type Seen = {
  readonly status?: SiteStatus;
  readonly nodes?: SiteNodes;
  readonly reach: Reach;
  /** The site answers, and does not say what it is asked for. */
  readonly refusal?: string;
  readonly turn: number;
};

/** A percentage is no event: while a machine starts, the page looks again and again. */
const BUSY_MS = 2_000;
const CALM_MS = 15_000;
const WITHOUT_EVENTS_MS = 5_000;
/** Events come in bursts. */
const GATHER_MS = 200;

/** Follows the site: by its stream of events, and by asking now and then, so that a stream that died unseen does no harm. */
export class Feed {
  #seen: Seen = { reach: {}, turn: 0 };
  readonly #onChange: (seen: Seen) => void;
  #stream: EventSource | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #isStale = false;

  constructor(onChange: (seen: Seen) => void) {
    this.#onChange = onChange;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
    this.refresh();
  }

  /** Asks at once, or once more if it is asking now. */
  refresh(): void {
    if (this.#isAsking) this.#isStale = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    this.#isAsking = true;
    this.#isStale = false;
    clearTimeout(this.#next);
    this.#listen();
    const startedAt = Date.now();
    try {
      const [status, nodes] = await Promise.all([ask<SiteStatus>('status'), ask<SiteNodes>('nodes')]);
      this.#tell({ status, nodes, reach: { answeredAt: Date.now() }, turn: this.#seen.turn + 1 });
    } catch (thrown) {
      this.#miss(thrown, startedAt);
    }
    this.#isAsking = false;
    this.#plan(this.#isStale ? GATHER_MS : this.#pause());
  }

  #miss(thrown: unknown, at: number): void {
    const { reach, ...rest } = this.#seen;
    if (thrown instanceof Refusal) this.#tell({ ...rest, reach: { answeredAt: at }, refusal: thrown.message });
    else this.#tell({ ...rest, reach: { ...reach, silentSince: reach.silentSince ?? reach.answeredAt ?? at } });
  }

  #tell(seen: Seen): void {
    this.#seen = seen;
    this.#onChange(seen);
  }

  #pause(): number {
    if (this.#stream?.readyState !== EventSource.OPEN) return WITHOUT_EVENTS_MS;
    return this.#seen.nodes?.nodes.some(({ state }) => state === 'booting') ? BUSY_MS : CALM_MS;
  }

  #plan(afterMs: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.refresh(), afterMs);
  }

  /** A stream that was refused stays closed, one that was cut comes back by itself. */
  #listen(): void {
    if (this.#stream && this.#stream.readyState !== EventSource.CLOSED) return;
    this.#stream = new EventSource('/api/v1/events');
    this.#stream.onmessage = () => this.#plan(GATHER_MS);
    this.#stream.onopen = () => this.#plan(GATHER_MS);
    this.#stream.onerror = () => this.#plan(GATHER_MS);
  }
}
