import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../../kernel/errors.ts';
import type { FaultGate, Faults } from './faults.ts';
import { HUB_DATABASE } from './hub-migrations.ts';
import { type HubOps, type HubStep, WRITER } from './hub-protocol.ts';
import { unfinishedRestore } from './hub-restore.ts';
import { createHubOps } from './hub-statements.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';

const ANY_PAGES = 0xfffffffe;

type Lane = { readonly db: Database.Database; readonly ops: HubOps; failed?: unknown };

/** Head office's open database: one connection that writes, and one per look that is going on. */
export class HubDatabase {
  readonly #open: OpenDatabase;
  readonly #path: string;
  readonly #gate: FaultGate;
  readonly #lanes = new Map<number, Lane>();

  /**
   * `isKept: false`: nothing of it needs to outlive the machine.
   * @throws AppError as `openDatabase` does
   */
  constructor(path: string, isKept: boolean, gate: FaultGate) {
    if (existsSync(unfinishedRestore(path)))
      throw new AppError('store-damaged', `a restore of ${path} was not finished: run slipway hub restore again`);
    this.#open = openDatabase(path, HUB_DATABASE);
    this.#path = path;
    this.#gate = gate;
    if (!isKept) this.#open.db.pragma('synchronous = off');
    this.#lanes.set(WRITER, { db: this.#open.db, ops: createHubOps(this.#open.db, () => gate.beforeStatement()) });
  }

  get epoch(): string {
    return this.#open.db.prepare<[], string>("select value from store where key = 'epoch'").pluck().get() ?? '';
  }

  begin(number: number): void {
    const lane = this.#lanes.get(number) ?? this.#openReader(number);
    delete lane.failed;
    if (number === WRITER) this.#gate.beforeStatement();
    lane.db.exec(number === WRITER ? 'begin immediate' : 'begin');
  }

  /** One step of the unit; after one that failed there is no other, and no commit. */
  step(number: number, { op, args }: HubStep): unknown {
    const lane = this.#laneOf(number);
    if (lane.failed !== undefined) throw lane.failed;
    try {
      return (lane.ops[op] as (args: unknown) => unknown)(args);
    } catch (error) {
      // A full disk may have ended the transaction already: what came after it would be written by itself.
      lane.failed = error;
      throw error;
    }
  }

  /** Commits the unit, or takes back all of it: also when it cannot be committed. */
  end(number: number, isCommit: boolean): void {
    const lane = this.#laneOf(number);
    try {
      if (!isCommit) return;
      if (lane.failed !== undefined) throw lane.failed;
      if (number === WRITER) this.#gate.beforeSync();
      lane.db.exec('commit');
    } finally {
      if (lane.db.inTransaction) lane.db.exec('rollback');
    }
  }

  inject(faults: Faults): void {
    this.#gate.inject(faults);
    if (faults.maxPages !== undefined) this.#open.db.pragma(`max_page_count = ${faults.maxPages || ANY_PAGES}`);
  }

  close(): void {
    for (const { db } of [...this.#lanes.values()].reverse()) if (db !== this.#open.db) db.close();
    this.#open.close();
  }

  #laneOf(number: number): Lane {
    const lane = this.#lanes.get(number);
    if (!lane) throw new AppError('internal', `lane ${number} of the store has not begun`);
    return lane;
  }

  #openReader(number: number): Lane {
    const db = new Database(this.#path, { readonly: true });
    const lane = { db, ops: createHubOps(db, () => {}) };
    this.#lanes.set(number, lane);
    return lane;
  }
}
