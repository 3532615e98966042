import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import type { Report } from './command.ts';
import { candidateVersion, unpackPackage, withFreshIndex } from './debian-archive.ts';

const PACKAGE = 'cloud-init';

/**
 * Fetches Debian's cloud-init into the cache without installing it: installed, it would configure this machine at its
 * next start. The packages that it needs are in the set `wire`.
 * @returns the folder with its Python modules, for PYTHONPATH
 */
export async function fetchCloudInit(cacheDir: string, report: Report): Promise<string> {
  const dir = await withFreshIndex(async () => {
    const version = await candidateVersion(PACKAGE);
    return cachedFolder(cacheDir, `${PACKAGE}_${version}`, async (unfinished) => {
      report(`fetching Debian's cloud-init ${version}`);
      await unpackPackage(`${PACKAGE}=${version}`, unfinished);
    });
  }, report);
  return join(dir, 'tree', 'usr', 'lib', 'python3', 'dist-packages');
}
