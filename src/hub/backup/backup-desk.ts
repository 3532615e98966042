import { isAbsolute, relative } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import { auditOfBackup, type LastBackup, writeLastBackup } from '../../model/fleet/last-backup.ts';
import { readAuthorityFiles } from './authority-files.ts';

export type BackupParts = { readonly store: HubStore; readonly dataDir: string; readonly now: () => number };

/**
 * One file with all that head office needs to be itself again: the rows, the blobs and the keys of its authority.
 * @throws AppError as `assertBackupPath` does, and those of the disk
 */
export async function makeBackup(parts: BackupParts, path: string, by: string): Promise<LastBackup> {
  const { store, dataDir, now } = parts;
  assertBackupPath(dataDir, path);
  const at = now();
  const { bytes } = await store.backup(path, await readAuthorityFiles(dataDir));
  const made = { at, path, bytes, by };
  await store.work(async (tx) => {
    await writeLastBackup(tx, made);
    await tx.appendAudit({ at, who: by, ...auditOfBackup(made) });
  });
  return made;
}

/**
 * A backup beside what it saves saves nothing.
 * @throws AppError `usage-invalid`, `command-refused`
 */
export function assertBackupPath(dataDir: string, path: string): void {
  if (!isAbsolute(path)) throw new AppError('usage-invalid', `the backup needs a whole path, not ${path}`);
  if (!relative(dataDir, path).startsWith('..'))
    throw new AppError('command-refused', `${path} lies in the data directory: take another disk or machine`);
}
