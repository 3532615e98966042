import { CommitWriter, readRows } from './commit-group.ts';
import { EventPruner } from './event-pruner.ts';
import { readEvents } from './event-reader.ts';
import type { FaultGate, Faults } from './faults.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';
import { unpackCommits } from './packed-commits.ts';
import type { Calls, CommitAnswer, EventPage, PackedCommits, StoredEvent } from './protocol.ts';

/** Almost as many pages as SQLite can count: no limit. */
const ANY_PAGES = 0xfffffffe;

/** An open database with all that the worker does to it. */
export class OpenStore {
  readonly #open: OpenDatabase;
  readonly #gate: FaultGate;
  readonly #writer: CommitWriter;
  readonly #pruner: EventPruner;

  /** @throws AppError as `openDatabase` does */
  constructor(path: string, gate: FaultGate) {
    this.#open = openDatabase(path);
    this.#gate = gate;
    try {
      this.#writer = new CommitWriter(this.#open.db, gate);
      this.#pruner = new EventPruner(this.#open.db);
    } catch (error) {
      this.#open.close();
      throw error;
    }
  }

  load(): Calls['open']['answer'] {
    const { db } = this.#open;
    const epoch = db.prepare<[], string>("select value from meta where key = 'epoch'").pluck().get() ?? '';
    const lastSeq = db.prepare<[], number>("select seq from sqlite_sequence where name = 'events'").pluck().get() ?? 0;
    return { epoch, lastSeq, rows: readRows(db) };
  }

  commit(packed: PackedCommits): readonly CommitAnswer[] {
    const group = unpackCommits(packed);
    const answers = this.#writer.write(group);
    const written = group.filter((_, i) => answers[i]?.ok);
    this.#pruner.written(written.flatMap(({ events }) => events.map((event) => event.body)));
    return answers;
  }

  events(page: EventPage): readonly StoredEvent[] {
    return readEvents(this.#open.db, page);
  }

  pruneEvents(limits: Calls['pruneEvents']['args']): Calls['pruneEvents']['answer'] {
    return this.#pruner.prune(limits);
  }

  shrink(): Calls['shrink']['answer'] {
    return this.#pruner.shrink();
  }

  inject(faults: Faults): null {
    this.#gate.inject(faults);
    if (faults.maxPages !== undefined) this.#open.db.pragma(`max_page_count = ${faults.maxPages || ANY_PAGES}`);
    return null;
  }

  close(): null {
    this.#open.close();
    return null;
  }
}
