import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../../kernel/errors.ts';
import type { BackupFile, NewAuditEntry } from '../../model/fleet/hub-store.ts';
import { syncPath } from './hub-copy.ts';
import { HUB_DATABASE } from './hub-migrations.ts';
import { createHubOps } from './hub-statements.ts';
import { migrate, versionOf } from './migrations.ts';
import { inspectDatabase, lockDatabase } from './open-database.ts';
import { storeError } from './store-errors.ts';

/** Numbers given away after the backup was made are not given again: so many are left out. */
const LEAP = 1_000;
const EVENT_LEAP = 1_000_000;

export type Restore = {
  /** The database of the hub. */
  readonly path: string;
  readonly backup: string;
  /** Where all that is replaced is kept; a name that does not exist yet. */
  readonly aside: string;
  /** What the audit of the restored database says of it. */
  readonly entry: NewAuditEntry;
};

/** A restore that has begun leaves this until it is done; a hub does not start beside it. */
export function unfinishedRestore(path: string): string {
  return `${path}.restored`;
}

/**
 * Puts a backup in the place of the database at `path`, and the files in it beside it. The restored database has a new
 * epoch. Killed anywhere, it can be run again, and the hub does not start before it was.
 * @throws AppError `store-locked` if the hub runs, `not-found`, `store-damaged`, `store-newer` of the backup, as well as those of
 * the disk; nothing is changed then
 */
export function restoreHubDatabase(restore: Restore): { files: number } {
  const { path } = restore;
  let unlock: (() => void) | undefined;
  try {
    if (!existsSync(restore.backup)) throw new AppError('not-found', `there is no file ${restore.backup}`);
    inspectDatabase(restore.backup, HUB_DATABASE);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    unlock = lockDatabase(path);
    const files = prepareCopy(restore);
    renameSync(`${path}.restoring`, unfinishedRestore(path));
    syncPath(dirname(path));
    putAside(restore, files);
    for (const file of files) writeSynced(join(dirname(path), file.name), file.bytes);
    renameSync(unfinishedRestore(path), path);
    syncPath(dirname(path));
    return { files: files.length };
  } catch (error) {
    throw storeError(`the restore of ${restore.backup}`, error);
  } finally {
    unlock?.();
  }
}

/** The database as it will be, beside the one that is there; answers the files that were in it. */
function prepareCopy({ path, backup, entry }: Restore): readonly BackupFile[] {
  const copy = `${path}.restoring`;
  rmSync(copy, { force: true });
  copyFileSync(backup, copy);
  const db = new Database(copy);
  try {
    db.pragma('journal_mode = delete');
    // A file without a table passes for a database that was just begun.
    if (versionOf(db) === 0) throw new AppError('store-damaged', `${backup} is empty`);
    migrate(db, randomUUID, HUB_DATABASE.migrations);
    const files = db.prepare<[], BackupFile>('select name, bytes from files').all();
    for (const { name } of files) assertInside(name);
    db.transaction(() => {
      db.exec('delete from files');
      db.prepare("update store set value = ? where key = 'epoch'").run(randomUUID());
      db.prepare('update counters set value = value + ?').run(LEAP);
      db.prepare("update sqlite_sequence set seq = seq + ? where name = 'events'").run(EVENT_LEAP);
      createHubOps(db, () => {}).appendAudit(entry);
    })();
    return files;
  } finally {
    db.close();
    syncPath(copy);
  }
}

/** Moves away, never deletes: the damaged database with its log, and the files that the backup has too. */
function putAside({ path, aside }: Restore, files: readonly BackupFile[]): void {
  const dir = dirname(path);
  const beside = [...new Set(files.map(({ name }) => name.split('/')[0] ?? name))];
  // A log left beside another database would be taken for its own: with the database, before the new one comes.
  const names = [basename(path), `${basename(path)}-wal`, `${basename(path)}-shm`, ...beside];
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const name of names) if (existsSync(join(dir, name))) renameSync(join(dir, name), join(aside, name));
  syncPath(dir);
}

function writeSynced(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, bytes, { mode: 0o600, flush: true });
  syncPath(dirname(path));
}

function assertInside(name: string): void {
  if (!/^\w[\w.-]*(\/\w[\w.-]*)+$/.test(name))
    throw new AppError('store-damaged', `the backup has a file of the name ${JSON.stringify(name)}`);
}
