import { join } from 'node:path';
import { cachedFolder } from '../../src/lab/cache.ts';
import type { Report } from '../../src/lab/command.ts';
import { candidateVersion, unpackPackage, withFreshIndex } from '../../src/lab/debian-archive.ts';

/**
 * The servers that this machine need not have, by package and path. They are only unpacked: installed, they would start
 * with this machine and take its ports, and two of them exclude each other. What they link to is in the package set `bench`.
 */
const RIVALS = {
  kea: ['kea-dhcp4-server', 'usr/sbin/kea-dhcp4'],
  nginx: ['nginx', 'usr/sbin/nginx'],
  'docker-registry': ['docker-registry', 'usr/bin/docker-registry'],
  'tftpd-hpa': ['tftpd-hpa', 'usr/sbin/in.tftpd'],
  atftpd: ['atftpd', 'usr/sbin/atftpd'],
} as const;

/** Where each of them lies. */
export type Programs = Readonly<Record<keyof typeof RIVALS, string>>;

/** Fetches them into the cache. Needs the network where a version is new. @throws AppError `lab-failed` */
export async function fetchRivals(cacheDir: string, report: Report): Promise<Programs> {
  const found = await Promise.all(
    Object.entries(RIVALS).map(async ([name, [pkg, path]]) => {
      const dir = await withFreshIndex(async () => {
        const version = await candidateVersion(pkg);
        return cachedFolder(cacheDir, `${pkg}_${version}`, async (unfinished) => {
          report(`fetching ${pkg} ${version}`);
          await unpackPackage(`${pkg}=${version}`, unfinished);
        });
      }, report);
      return [name, join(dir, 'tree', path)] as const;
    }),
  );
  return Object.fromEntries(found) as Programs;
}
