import { z } from 'zod';
import { auditOfBackup, writeLastBackup } from '../../../model/fleet/last-backup.ts';
import { type AdminRoute, acts } from '../contract.ts';

const made = z.strictObject({ at: z.int().min(0), path: z.string().min(1).max(4_096), bytes: z.int().min(1) });

/** Backups are made beside the hub, which may write nothing but its data; here it hears of them. */
export function backupRoutes(): AdminRoute[] {
  return [
    acts({
      id: 'noteBackup',
      path: 'backups',
      role: 'admin',
      summary: 'Says that a backup was made: the alarm about an old one counts from it.',
      reply: '{ sentence }',
      body: made,
      act: async (tx, { who, body }, now) => {
        const backup = { ...body, at: Math.min(body.at, now), by: who.name };
        await writeLastBackup(tx, backup);
        return { reply: { sentence: 'Head office knows of its backup.' }, audit: auditOfBackup(backup) };
      },
    }),
  ];
}
