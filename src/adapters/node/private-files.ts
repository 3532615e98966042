import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrivateFiles } from '../../model/fleet/private-files.ts';
import { makePrivateDir, readText, removeFile, removeUnfinished, syncDir, writeAtomic, writeNew } from './files.ts';
import { fileError } from './system-errors.ts';

const OWNER_ONLY = { mode: 0o600 };

/** The files of `dir`, which is made if it is missing; only one process may have them open. */
export async function openPrivateFiles(dir: string): Promise<PrivateFiles> {
  await makePrivateDir(dir);
  await removeUnfinished(dir);
  return {
    read: (name) => readText(join(dir, name)),
    write: (name, text) => writeAtomic(join(dir, name), text, OWNER_ONLY),
    writeNew: (name, text) => writeNew(join(dir, name), text, OWNER_ONLY),
    remove: (name) => removeFile(join(dir, name)),
    rename: async (from, to) => {
      try {
        await rename(join(dir, from), join(dir, to));
        await syncDir(dir);
      } catch (cause) {
        throw fileError(`cannot rename ${join(dir, from)}`, cause);
      }
    },
  };
}
