import type { Database } from 'better-sqlite3';
import type { PruneLimits } from '../../model/store.ts';

/** What an event costs beyond its body: its columns, and its entries in five indexes. */
const OVERHEAD_BYTES = 250;
const ROWS_AT_ONCE = 250;
const PAGES_AT_ONCE = 128;

type Sized = { readonly seq: number; readonly bytes: number };

/** Deletes old events, a bounded part at a time, so that no commit waits long behind it. */
export class EventPruner {
  readonly #db: Database;
  #bytes: number;

  constructor(db: Database) {
    this.#db = db;
    this.#bytes = total(db);
  }

  /** Tells of events that were written; `bodies` are their JSON texts. */
  written(bodies: readonly string[]): void {
    for (const body of bodies) this.#bytes += Buffer.byteLength(body) + OVERHEAD_BYTES;
  }

  /**
   * Deletes events from before `beforeMs`, then the oldest beyond `maxBytes`: those that head office has come first, as it has them in
   * their order. `done: false`: there is more to do.
   */
  prune({ beforeMs, maxBytes, ackedThrough }: PruneLimits): { deleted: number; unacked: number; done: boolean } {
    const old = this.#select('where at < ? order by at', beforeMs);
    const doomed = old.length > 0 ? old : this.#beyond(maxBytes);
    this.#delete(doomed);
    const waited = doomed.filter(({ seq }) => ackedThrough !== undefined && seq > ackedThrough);
    return { deleted: doomed.length, unacked: waited.length, done: doomed.length === 0 };
  }

  /** Gives pages that are no longer used back to the file system. */
  shrink(): { done: boolean } {
    const free = () => this.#db.pragma('freelist_count', { simple: true }) as number;
    const before = free();
    // The pragma frees one page per row that it answers.
    if (before > 0) this.#db.pragma(`incremental_vacuum(${PAGES_AT_ONCE})`);
    const after = free();
    return { done: after === 0 || after >= before };
  }

  #beyond(maxBytes: number): readonly Sized[] {
    if (this.#bytes <= maxBytes) return [];
    const doomed: Sized[] = [];
    let left = this.#bytes;
    for (const event of this.#select('order by seq')) {
      if (left <= maxBytes) break;
      left -= event.bytes;
      doomed.push(event);
    }
    return doomed;
  }

  #select(rest: string, ...values: readonly number[]): readonly Sized[] {
    const sql = `select seq, octet_length(body) + ${OVERHEAD_BYTES} as bytes from events ${rest} limit ${ROWS_AT_ONCE}`;
    return this.#db.prepare<number[], Sized>(sql).all(...values);
  }

  #delete(doomed: readonly Sized[]): void {
    const remove = this.#db.prepare('delete from events where seq = ?');
    this.#db.transaction(() => {
      for (const { seq } of doomed) remove.run(seq);
    })();
    for (const { bytes } of doomed) this.#bytes -= bytes;
  }
}

function total(db: Database): number {
  const sql = `select coalesce(sum(octet_length(body) + ${OVERHEAD_BYTES}), 0) from events`;
  return db.prepare<[], number>(sql).pluck().get() ?? 0;
}
