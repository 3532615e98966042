import { AppError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import type { Event, NewEvent } from '../../model/event.ts';
import { applyChanges, createState, type MemoryState } from '../../model/state.ts';
import type { Change, EventQuery, PruneLimits, Store } from '../../model/store.ts';
import { CommitQueue } from './commit-queue.ts';
import type { Faults } from './faults.ts';
import { packCommits } from './packed-commits.ts';
import type { EventPage, RowText, StoredEvent } from './protocol.ts';
import { WorkerClient } from './worker-client.ts';

/** Rows of one answer of the worker; more would keep a commit waiting. */
const PAGE_ROWS = 500;
const BOOTS_AT_ONCE = 200;

export type StoreOptions = {
  /** Hears of listeners that threw. */
  readonly log?: Log;
  /** The worker is gone and the store with it: every commit is rejected from now on. */
  readonly onLost?: (error: AppError) => void;
  /** A test aid: troubles of the disk from the first commit on. */
  readonly faults?: Faults;
};

/** `Store` on SQLite. `inject` is a test aid. */
export interface SqliteStore extends Store {
  inject(faults: Faults): Promise<void>;
}

/**
 * Opens the store in the file `path`, making it and its directory (mode 0700) if need be; `:memory:` is one that is
 * gone when it is closed.
 * @throws AppError `store-locked`, `store-read-only`, `store-newer`, `store-damaged`, `disk-full`, `disk-failed`; what
 * is there is then left as it is
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<SqliteStore> {
  const worker = new WorkerClient((error) => options.onLost?.(error));
  try {
    const { rows, ...opened } = await worker.call('open', { path });
    if (options.faults) await worker.call('injectFaults', options.faults);
    return new WorkerStore(worker, opened, createState(rows.map((row) => parseRow(path, row))), options.log);
  } catch (error) {
    await worker.close();
    throw error;
  }
}

type Opened = { readonly epoch: string; readonly lastSeq: number };

class WorkerStore implements SqliteStore {
  readonly epoch: string;
  lastSeq: number;
  readonly state: MemoryState;
  readonly #worker: WorkerClient;
  readonly #queue: CommitQueue;
  readonly #log: Log | undefined;
  #listeners: readonly ((event: Event) => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(worker: WorkerClient, opened: Opened, state: MemoryState, log: Log | undefined) {
    this.epoch = opened.epoch;
    this.lastSeq = opened.lastSeq;
    this.state = state;
    this.#worker = worker;
    this.#log = log;
    this.#queue = new CommitQueue(
      (group) => worker.call('commit', packCommits(group)),
      (changes, events, firstSeq) => this.#committed(changes, events, firstSeq),
    );
  }

  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    if (this.#closing) return Promise.reject(new AppError('site-not-ready', 'the store is closed'));
    return this.#queue.commit(changes, events);
  }

  async events(query: EventQuery): Promise<readonly Event[]> {
    const found: Event[] = [];
    let page: EventPage = query;
    for (;;) {
      const limit = Math.min(query.limit - found.length, PAGE_ROWS);
      if (limit <= 0) return found;
      const rows = await this.#worker.call('events', { ...page, limit });
      found.push(...rows.map((row) => this.#parseEvent(row)));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return found;
      page = query.newestFirst ? { ...query, beforeSeq: last.seq } : { ...query, afterSeq: last.seq };
    }
  }

  onEvent(listener: (event: Event) => void): () => void {
    // Wrapped, so that one function may listen twice and each answer ends its own.
    const own = (event: Event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== own);
    };
  }

  async prune(limits: PruneLimits): Promise<{ events: number; unacked: number; boots: number }> {
    const boots = await this.#pruneBoots(limits);
    let events = 0;
    let unacked = 0;
    for (let done = false; !done; ) {
      const part = await this.#worker.call('pruneEvents', limits);
      events += part.deleted;
      unacked += part.unacked;
      done = part.done;
    }
    for (let done = false; !done; ) done = (await this.#worker.call('shrink', null)).done;
    return { events, unacked, boots };
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.idle().then(() => this.#worker.close());
    return this.#closing;
  }

  async inject(faults: Faults): Promise<void> {
    await this.#worker.call('injectFaults', faults);
  }

  async #pruneBoots({ beforeMs, maxBoots = Number.POSITIVE_INFINITY }: PruneLimits): Promise<number> {
    const closed = [...this.state.boots].flatMap(([key, { closedAt }]) =>
      closedAt === undefined ? [] : [[key, closedAt] as const],
    );
    closed.sort(([, a], [, b]) => a - b);
    const old = closed.filter(([, closedAt], i) => closedAt < beforeMs || closed.length - i > maxBoots);
    for (let i = 0; i < old.length; i += BOOTS_AT_ONCE) {
      const part = old.slice(i, i + BOOTS_AT_ONCE);
      await this.commit(
        part.map(([key]) => ({ table: 'boots', key, row: null })),
        [],
      );
    }
    return old.length;
  }

  #committed(changes: readonly Change[], events: readonly NewEvent[], firstSeq: number): void {
    applyChanges(this.state, changes);
    if (events.length > 0) this.lastSeq = firstSeq + events.length - 1;
    events.forEach((event, i) => {
      this.#tell({ ...event, epoch: this.epoch, seq: firstSeq + i, version: 1 });
    });
  }

  #tell(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // The commit is done; whoever cannot hear of it must not undo it for the others.
        this.#log?.error({ error: AppError.from(error), seq: event.seq }, 'a listener of the store failed');
      }
    }
  }

  #parseEvent(row: StoredEvent): Event {
    return { ...(JSON.parse(row.body) as NewEvent), epoch: this.epoch, seq: row.seq, version: 1 };
  }
}

function parseRow(path: string, { table, key, row }: RowText): Change {
  try {
    return { table, key, row: row === null ? null : JSON.parse(row) } as Change;
  } catch (cause) {
    throw new AppError('store-damaged', `${path}: the row ${key} of ${table} is not JSON`, { cause });
  }
}
