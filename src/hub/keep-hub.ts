import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../adapters/node/clock.ts';
import { copyHubDatabase } from '../adapters/store/hub-copy.ts';
import { restoreHubDatabase } from '../adapters/store/hub-restore.ts';
import { openHubStore, type SqliteHubStore } from '../adapters/store/hub-store.ts';
import { AppError } from '../kernel/errors.ts';
import type { LastBackup } from '../model/fleet/last-backup.ts';
import { readAuthorityFiles } from './backup/authority-files.ts';
import { assertBackupPath, makeBackup } from './backup/backup-desk.ts';
import { databaseOf, type HubConfig } from './config.ts';

/** What the audit calls whoever works at the machine of the hub. */
const TERMINAL = 'terminal';

export type BackupWish = {
  readonly config: HubConfig;
  readonly path: string;
  /** Tells the hub that runs of its backup. */
  readonly tell: (made: LastBackup) => Promise<void>;
};

/**
 * A backup of a hub, whether or not it runs, written by this process: the service itself may write nothing but its data.
 * @throws AppError `not-found`, `command-refused`, and those of the disk; or what `tell` rejects with, when the file is written
 */
export async function backupHub({ config, path, tell }: BackupWish): Promise<LastBackup> {
  const { dataDir } = config;
  const database = databaseOf(config);
  const whole = resolve(path);
  if (!existsSync(database)) throw new AppError('not-found', `there is no head office in ${dataDir}`);
  const store = await openUnlessUsed(database);
  if (store) {
    try {
      return await makeBackup({ store, dataDir, now: () => systemClock.now() }, whole, TERMINAL);
    } finally {
      await store.close();
    }
  }
  assertBackupPath(dataDir, whole);
  const at = systemClock.now();
  const { bytes } = copyHubDatabase({ database, path: whole, files: await readAuthorityFiles(dataDir) });
  const made = { at, path: whole, bytes, by: TERMINAL };
  await tell(made);
  return made;
}

export type Restored = {
  /** Files of the authority. */
  readonly files: number;
  /** Where all that was replaced lies; nothing if there was nothing. */
  readonly aside: string | undefined;
};

/**
 * Puts a backup in the place of a hub that does not run.
 * @throws AppError as `restoreHubDatabase` does
 */
export function restoreHub({ config, backup }: { readonly config: HubConfig; readonly backup: string }): Restored {
  const at = systemClock.now();
  const aside = join(config.dataDir, `before-restore-${new Date(at).toISOString().replaceAll(/[:.]/g, '-')}`);
  const from = resolve(backup);
  const { files } = restoreHubDatabase({
    ...{ path: databaseOf(config), backup: from, aside },
    entry: { at, who: TERMINAL, action: 'restore', subject: from, detail: {} },
  });
  return { files, aside: existsSync(aside) ? aside : undefined };
}

async function openUnlessUsed(database: string): Promise<SqliteHubStore | undefined> {
  try {
    return await openHubStore(database);
  } catch (error) {
    if (AppError.from(error).code === 'store-locked') return undefined;
    throw error;
  }
}
