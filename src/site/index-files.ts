import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDir, readText, removeUnfinished, writeAtomic } from '../adapters/node/files.ts';
import type { IndexFiles } from './registry/repositories.ts';

/** What is known of images, a file for each repository, in the directory `dir`. */
export function createIndexFiles(dir: string): IndexFiles {
  return {
    load: async () => {
      await makePrivateDir(dir);
      await removeUnfinished(dir);
      const names = (await readdir(dir)).filter((name) => name.endsWith('.json'));
      const read = await Promise.all(names.map(async (name) => [name, await readText(join(dir, name))] as const));
      return new Map(read.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
    },
    save: (name, text) => writeAtomic(join(dir, name), text),
    setAside: (name) => rename(join(dir, name), join(dir, `${name}.unreadable`)),
  };
}
