import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../../kernel/errors.ts';
import { MIGRATIONS, migrate, versionOf } from './migrations.ts';
import { storeError } from './store-errors.ts';

/** What a program keeps: the mark of its files, so that no other program's database is taken for one, and its tables. */
export type DatabaseKind = { readonly applicationId: number; readonly migrations: readonly string[] };
/** `SLIP` */
const SITE: DatabaseKind = { applicationId: 0x534c4950, migrations: MIGRATIONS };
const BUSY_MS = 2_000;
/** A checkpoint leaves the write-ahead log at most so long. */
const LOG_BYTES = 16 * 1024 * 1024;

/** An open database, and what keeps others away from it. */
export type OpenDatabase = { readonly db: Database.Database; close(): void };

/**
 * Opens the database at `path`, or a new one there or in memory (`:memory:`).
 * @throws AppError `store-locked`, `store-read-only`, `store-newer`, `store-damaged`, `disk-full`, `disk-failed`; the
 * files are then as they were before
 */
export function openDatabase(path: string, kind = SITE): OpenDatabase {
  const doing = `the database ${path}`;
  if (path === ':memory:') return openMemory(kind);
  const undo: (() => void)[] = [];
  try {
    makeDir(dirname(path));
    undo.push(lockDatabase(path));
    if (isThere(path)) inspectDatabase(path, kind);
    else createEmpty(path);
    const db = new Database(path, { timeout: BUSY_MS });
    undo.push(() => db.close());
    prepare(db, kind);
    return { db, close: () => runAll(undo) };
  } catch (error) {
    runAll(undo);
    throw storeError(doing, error);
  }
}

function openMemory(kind: DatabaseKind): OpenDatabase {
  const db = new Database(':memory:');
  migrate(db, randomUUID, kind.migrations);
  return { db, close: () => db.close() };
}

/** Newest first, as one takes down what one put up. */
function runAll(steps: (() => void)[]): void {
  for (let step = steps.pop(); step; step = steps.pop()) step();
}

/**
 * An exclusive transaction on a file beside the database, for life: the kernel ends it with the process, however that
 * dies. The database itself stays open to readers such as the `sqlite3` shell.
 */
export function lockDatabase(path: string): () => void {
  const lockPath = `${path}.lock`;
  createEmpty(lockPath);
  const holder = new Database(lockPath, { timeout: 0 });
  try {
    // Nothing is ever written here; in memory, the journal needs no file either.
    holder.pragma('journal_mode = memory');
    holder.exec('begin exclusive');
  } catch (error) {
    holder.close();
    throw error;
  }
  return () => holder.close();
}

/** Everything that speaks against using a database, found without writing to it: nothing here may change a byte. */
export function inspectDatabase(path: string, kind: DatabaseKind): void {
  const hadLog = existsSync(`${path}-wal`);
  const db = new Database(path, { readonly: true, timeout: BUSY_MS });
  try {
    const version = versionOf(db);
    const owner = db.pragma('application_id', { simple: true });
    if (owner !== kind.applicationId) refuseForeign(path, db);
    else if (version > kind.migrations.length)
      throw new AppError(
        'store-newer',
        `${path} has version ${version}; this Slipway knows up to ${kind.migrations.length}`,
      );
    const found = String(db.pragma('quick_check(1)', { simple: true }));
    // It answers with a headline and lines.
    if (found !== 'ok') throw new AppError('store-damaged', `${path} is damaged: ${found.split('\n').at(-1)}`);
  } finally {
    db.close();
    // A reader makes these where there are none, and may not clear them away.
    if (!hadLog) for (const made of ['-wal', '-shm']) rmSync(`${path}${made}`, { force: true });
  }
}

/** A database without our mark is ours only if a kill came between its making and its first step: it is then empty. */
function refuseForeign(path: string, db: Database.Database): void {
  if (db.prepare('select count(*) from sqlite_schema').pluck().get() !== 0)
    throw new AppError('store-damaged', `${path} is not a database of Slipway`);
}

function prepare(db: Database.Database, kind: DatabaseKind): void {
  if (versionOf(db) === 0) {
    // Only takes hold before the first table.
    db.pragma('auto_vacuum = incremental');
    db.pragma(`application_id = ${kind.applicationId}`);
  }
  const mode = db.pragma('journal_mode = wal', { simple: true });
  if (mode !== 'wal')
    throw new AppError('disk-failed', 'the file system of the database has no shared memory for a write-ahead log');
  db.pragma('synchronous = full');
  db.pragma(`journal_size_limit = ${LOG_BYTES}`);
  db.pragma('temp_store = memory');
  migrate(db, randomUUID, kind.migrations);
}

/** An empty file counts as none: SQLite makes one before it writes to it. */
function isThere(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * Made here so that only its owner may read it; SQLite gives the files beside it the same mode. A file that is there is
 * not even opened: closing it again would end the locks that this process has on it.
 */
function createEmpty(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
}

function makeDir(path: string): void {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  const parent = openSync(dirname(made), 'r');
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}
