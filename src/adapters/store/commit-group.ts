import type { Database, Statement } from 'better-sqlite3';
import type { TableName } from '../../model/store.ts';
import type { FaultGate } from './faults.ts';
import type { CommitAnswer, CommitText, RowText } from './protocol.ts';
import { encodeError, isWeather, storeError } from './store-errors.ts';

const TABLES: readonly TableName[] = [
  'machines',
  'bindings',
  'boots',
  'leases',
  'counters',
  'orders',
  'marks',
  'link',
  'surroundings',
];

/** Writes groups of commits, each group with one sync. */
export class CommitWriter {
  readonly #db: Database;
  readonly #gate: FaultGate;
  readonly #put: ReadonlyMap<TableName, Statement>;
  readonly #drop: ReadonlyMap<TableName, Statement>;
  readonly #append: Statement;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;

  constructor(db: Database, gate: FaultGate) {
    this.#db = db;
    this.#gate = gate;
    const each = (sql: (table: TableName) => string) =>
      new Map(TABLES.map((table) => [table, db.prepare(sql(table))] as const));
    this.#put = each(
      (table) => `insert into ${table} values (?, ?) on conflict (key) do update set row = excluded.row`,
    );
    this.#drop = each((table) => `delete from ${table} where key = ?`);
    this.#append = db.prepare(
      'insert into events (at, type, machine, slot, boot, body) values (@at, @type, @machine, @slot, @boot, @body)',
    );
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
    this.#savepoint = db.prepare('savepoint one');
    this.#release = db.prepare('release one');
  }

  /**
   * Writes the commits in their order in one transaction. One that cannot be written as it is, is left out and answered
   * with its reason.
   * @throws what SQLite throws if the disk is in the way; nothing of the group is written then
   */
  write(group: readonly CommitText[]): readonly CommitAnswer[] {
    this.#step(() => this.#begin.run());
    try {
      const answers = group.map((commit) => this.#writeOne(commit));
      this.#gate.beforeSync();
      this.#commit.run();
      return answers;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.inTransaction) this.#db.exec('rollback');
      throw error;
    }
  }

  #writeOne(commit: CommitText): CommitAnswer {
    this.#step(() => this.#savepoint.run());
    try {
      for (const row of commit.rows) this.#writeRow(row);
      const seqs = commit.events.map((event) => this.#step(() => this.#append.run(event).lastInsertRowid));
      this.#step(() => this.#release.run());
      return { ok: true, firstSeq: Number(seqs[0] ?? 0) };
    } catch (error) {
      if (isWeather(error)) throw error;
      this.#db.exec('rollback to one; release one');
      return { ok: false, error: encodeError(storeError('a commit cannot be written', error)) };
    }
  }

  #writeRow({ table, key, row }: RowText): void {
    const statement = row === null ? this.#drop.get(table) : this.#put.get(table);
    if (!statement) throw new TypeError(`there is no table ${table}`);
    this.#step(() => (row === null ? statement.run(key) : statement.run(key, row)));
  }

  #step<T>(run: () => T): T {
    this.#gate.beforeStatement();
    return run();
  }
}

/** All rows of all tables, to fill the memory at the start. */
export function readRows(db: Database): readonly RowText[] {
  return TABLES.flatMap((table) =>
    db
      .prepare<[], { key: string; row: string }>(`select key, row from ${table} order by rowid`)
      .all()
      .map(({ key, row }) => ({ table, key, row })),
  );
}
