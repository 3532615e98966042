import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { cachedFolder } from './cache.ts';
import type { Report } from './command.ts';
import { withFreshIndex } from './debian-archive.ts';
import { unpackFromSuite } from './debian-suite.ts';

/** A program of a release of Debian. */
export type Wanted = { readonly name: string; readonly suite: string };

/** `files`: the root of what the package brings. */
export type Unpacked = { readonly version: string; readonly files: string };

/** cloud-init 22.4, 25.1 and the newest there is. What they import is in the package set `wire`. */
export const CLOUD_INITS: readonly Wanted[] = ['bookworm', 'trixie', 'forky'].map((suite) => ({
  name: 'cloud-init',
  suite,
}));

/** Ignition 2.14; later releases of Debian have the same. */
export const IGNITION: Wanted = { name: 'ignition', suite: 'bookworm' };

/** containerd 1.6, 1.7 and the newest there is, with `ctr`: programs that need nothing but libc. */
export const CONTAINERDS: readonly Wanted[] = ['bookworm', 'trixie', 'forky'].map((suite) => ({
  name: 'containerd',
  suite,
}));

/** podman 4.3 and what it is not linked to statically; the rest skopeo brings. Installed, they would start services. */
export const PODMAN: Wanted = { name: 'podman', suite: 'bookworm' };
export const PODMAN_PARTS: readonly Wanted[] = ['conmon', 'libsubid4', 'libseccomp2'].map((name) => ({
  name,
  suite: 'bookworm',
}));

/**
 * Fetches a program into the cache, once a day, without installing it: installed, these would configure this machine at
 * its next start. Where the mirror cannot be reached, that of an earlier day will do.
 * @param today as in 2026-11-21
 * @throws AppError if there is none
 */
export async function fetchUnpacked(
  cacheDir: string,
  wanted: Wanted,
  today: string,
  report: Report,
): Promise<Unpacked> {
  const { name, suite } = wanted;
  try {
    await cachedFolder(cacheDir, `${prefixOf(wanted)}${today}`, async (unfinished) => {
      const version = await withFreshIndex(() => unpackFromSuite(suite, name, unfinished), report);
      await writeFile(join(unfinished, 'version'), version);
      report(`fetched ${name} ${version} of ${suite}`);
    });
  } catch (cause) {
    const [kept] = await daysOf(cacheDir, wanted);
    if (!kept) throw AppError.from(cause);
    report(`${name} of ${suite} is that of ${kept}: ${AppError.from(cause).message}`);
  }
  // Another run may have begun with that of yesterday.
  const [, , ...older] = await daysOf(cacheDir, wanted);
  for (const day of older) await rm(join(cacheDir, `${prefixOf(wanted)}${day}`), { recursive: true, force: true });
  return keptUnpacked(cacheDir, wanted);
}

/** The newest that was fetched; asks nobody. @throws AppError `tool-missing` if there is none */
export async function keptUnpacked(cacheDir: string, wanted: Wanted): Promise<Unpacked> {
  const [day] = await daysOf(cacheDir, wanted);
  if (!day) throw new AppError('tool-missing', `${wanted.name} of Debian's ${wanted.suite} was not fetched`);
  const dir = join(cacheDir, `${prefixOf(wanted)}${day}`);
  return { version: await readFile(join(dir, 'version'), 'utf8'), files: join(dir, 'tree') };
}

function prefixOf({ name, suite }: Wanted): string {
  return `${name}-${suite}-`;
}

/** The days of which something is there, the newest first. */
async function daysOf(cacheDir: string, wanted: Wanted): Promise<string[]> {
  const names = await readdir(cacheDir).catch(() => []);
  const mine = names.filter((name) => name.startsWith(prefixOf(wanted)));
  return mine
    .map((name) => name.slice(prefixOf(wanted).length))
    .sort()
    .reverse();
}
