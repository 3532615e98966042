import type { HubTx } from './hub-store.ts';

/** The newest backup that was made of this database. */
export type LastBackup = { readonly at: number; readonly path: string; readonly bytes: number; readonly by: string };

const KEY = 'backup';

export async function readLastBackup(tx: HubTx): Promise<LastBackup | undefined> {
  return (await tx.get('meta', KEY)) as LastBackup | undefined;
}

/** The caller writes the audit. */
export async function writeLastBackup(tx: HubTx, backup: LastBackup): Promise<void> {
  await tx.put('meta', KEY, backup);
}

/** What the audit says of a backup. */
export function auditOfBackup({ path, bytes }: LastBackup) {
  return { action: 'backup', subject: path, detail: { bytes } };
}
