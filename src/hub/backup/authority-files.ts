import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import type { BackupFile } from '../../model/fleet/hub-store.ts';

/** Below the data directory of a hub: what makes it this head office and no other. */
const AUTHORITY = 'ca';

/** The files of the authority: without them no site would believe a restored hub. */
export async function readAuthorityFiles(dataDir: string): Promise<readonly BackupFile[]> {
  try {
    const entries = await readdir(join(dataDir, AUTHORITY), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile() && /^\w[\w.-]*$/.test(entry.name) && !isPassing(entry.name));
    return await Promise.all(
      names.map(async ({ name }) => ({
        name: `${AUTHORITY}/${name}`,
        bytes: await readFile(join(dataDir, AUTHORITY, name)),
      })),
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new AppError('disk-failed', `the keys in ${join(dataDir, AUTHORITY)} cannot be read`, { cause });
  }
}

/** A lock, or a file that was not finished. */
function isPassing(name: string): boolean {
  return /\.(lock|partial|tmp|unfinished)$/.test(name);
}
