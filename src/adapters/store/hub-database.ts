import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../../kernel/errors.ts';
import type { FaultGate, Faults } from './faults.ts';
import { HUB_DATABASE } from './hub-migrations.ts';
import {
  type GroupOutcome,
  type HubAnswer,
  type HubCommand,
  type HubOps,
  type HubStep,
  WRITER,
} from './hub-protocol.ts';
import { unfinishedRestore } from './hub-restore.ts';
import { createHubOps } from './hub-statements.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';
import type { ErrorText } from './protocol.ts';
import { encodeError, storeError } from './store-errors.ts';

const ANY_PAGES = 0xfffffffe;

/** A connection, with what goes on in it. */
type Lane = {
  readonly db: Database.Database;
  readonly ops: HubOps;
  /** Why the unit that is open is done for. */
  failed?: unknown;
  /** Why all of the group is. */
  lost?: unknown;
  outcome: (ErrorText | null)[];
};

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
    const ops = createHubOps(this.#open.db, () => gate.beforeStatement());
    this.#lanes.set(WRITER, { db: this.#open.db, ops, outcome: [] });
  }

  get epoch(): string {
    return this.#open.db.prepare<[], string>("select value from store where key = 'epoch'").pluck().get() ?? '';
  }

  /** Does all of it, in order. See `HubCalls`. */
  run(number: number, commands: readonly HubCommand[]): readonly HubAnswer[] {
    const lane = this.#lanes.get(number) ?? this.#openReader(number);
    return commands.map((command) => this.#answer(lane, command, number === WRITER));
  }

  #answer(lane: Lane, command: HubCommand, isWriter: boolean): HubAnswer {
    try {
      const value = this.#do(lane, command, isWriter);
      if (command.do !== 'step') return { value };
      return lane.failed === undefined ? { value: value ?? null } : { error: asText(lane.failed) };
    } catch (error) {
      if (command.do !== 'commit') {
        lane.lost ??= error;
        lane.failed ??= error;
      }
      return { error: asText(error) };
    }
  }

  #do(lane: Lane, command: HubCommand, isWriter: boolean): unknown {
    switch (command.do) {
      case 'begin':
        return this.#begin(lane, isWriter);
      case 'unit':
        lane.failed = lane.lost;
        return lane.lost === undefined && lane.db.exec('savepoint unit');
      case 'step':
        return step(lane, command.step);
      case 'keep':
        lane.outcome.push(lane.failed === undefined ? null : asText(lane.failed));
        return lane.failed === undefined ? lane.db.exec('release unit') : takeBack(lane);
      case 'drop':
        lane.outcome.push(null);
        return takeBack(lane);
      case 'commit':
        return this.#commit(lane);
      case 'end':
        return lane.db.inTransaction && lane.db.exec('rollback');
    }
  }

  #begin(lane: Lane, isWriter: boolean): void {
    lane.outcome = [];
    delete lane.lost;
    delete lane.failed;
    if (lane.db.inTransaction) lane.db.exec('rollback');
    if (isWriter) this.#gate.beforeStatement();
    lane.db.exec(isWriter ? 'begin immediate' : 'begin');
  }

  /** Commits the group, or takes back all of it if it cannot. */
  #commit(lane: Lane): GroupOutcome {
    try {
      if (lane.lost !== undefined) throw lane.lost;
      this.#gate.beforeSync();
      lane.db.exec('commit');
      return lane.outcome;
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

  #openReader(number: number): Lane {
    const db = new Database(this.#path, { readonly: true });
    const lane: Lane = { db, ops: createHubOps(db, () => {}), outcome: [] };
    this.#lanes.set(number, lane);
    return lane;
  }
}

/** One step of the unit; after one that failed there is no other, and nothing of it is kept. */
function step(lane: Lane, { op, args }: HubStep): unknown {
  if (lane.failed !== undefined) return undefined;
  try {
    return (lane.ops[op] as (args: unknown) => unknown)(args);
  } catch (error) {
    lane.failed = error;
    // A full disk may have ended the transaction already: what came after it would be written by itself.
    if (!lane.db.inTransaction) lane.lost = error;
    return undefined;
  }
}

function asText(error: unknown): ErrorText {
  return encodeError(storeError('the store of head office', error));
}

function takeBack(lane: Lane): void {
  if (lane.lost === undefined) lane.db.exec('rollback to unit; release unit');
}
