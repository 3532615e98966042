import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../../kernel/errors.ts';
import type { BackupFile } from '../../model/fleet/hub-store.ts';
import { HUB_DATABASE } from './hub-migrations.ts';
import { storeError } from './store-errors.ts';

/** Where the header of a SQLite file has the mark of its owner. */
const APPLICATION_ID_AT = 68;

/**
 * Copies a database of head office, which may be in use, to the file `path`, with `files` in it. The copy is on disk when
 * this returns; a kill leaves what was at `path` before.
 * @throws AppError `command-refused` if something else than a backup is at `path`, `disk-full`, `store-read-only` …
 */
export function copyHubDatabase(what: {
  readonly database: string;
  readonly path: string;
  readonly files: readonly BackupFile[];
}): { bytes: number } {
  const { database, path, files } = what;
  const partial = `${path}.partial`;
  try {
    assertReplaceable(path);
    rmSync(partial, { force: true });
    // SQLite writes into an empty file that is there; so only its owner may ever read the keys in it.
    closeSync(openSync(partial, 'wx', 0o600));
    copyRows(database, partial);
    addFiles(partial, files);
    syncPath(partial);
    renameSync(partial, path);
    syncPath(dirname(path));
    return { bytes: statSync(path).size };
  } catch (error) {
    if (!(error instanceof AppError)) rmSync(partial, { force: true });
    throw storeError(`the backup ${path}`, error);
  }
}

export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function copyRows(database: string, to: string): void {
  const source = new Database(database, { readonly: true });
  try {
    source.prepare('vacuum into ?').run(to);
  } finally {
    source.close();
  }
}

function addFiles(path: string, files: readonly BackupFile[]): void {
  const db = new Database(path);
  try {
    // One file, without a log beside it.
    db.pragma('journal_mode = delete');
    const insert = db.prepare('insert into files values (?, ?)');
    db.transaction(() => {
      for (const { name, bytes } of files) insert.run(name, bytes);
    })();
  } finally {
    db.close();
  }
}

/** A slip of the hand must not replace a file that is none of ours. */
function assertReplaceable(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  const header = Buffer.alloc(APPLICATION_ID_AT + 4);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== HUB_DATABASE.applicationId)
    throw new AppError('command-refused', `${path} is there already, and is no backup of a head office`);
}
