import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { type Report, run } from './command.ts';
import { askApt, candidateVersion, unknownToApt, unpackPackage, withFreshIndex } from './debian-archive.ts';

/** Debian's kernel for virtual machines: small, signed, and always the newest of the suite. */
const META_PACKAGE = 'linux-image-cloud-amd64';

export type KernelImage = {
  /** As `uname -r` says it in the booted machine: `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  /** The Debian version of the package: `6.1.192-2`. */
  readonly version: string;
  readonly vmlinuz: string;
  /** A folder with `lib/modules/<release>`, its `modules.dep` included. */
  readonly modulesRoot: string;
  /** A busybox without libraries that runs on it; by default the one of this machine. */
  readonly busybox?: string;
};

/**
 * Fetches Debian's cloud kernel into the cache without installing it; apt checks it against the signed index.
 * @throws AppError `lab-failed` if the package can be neither found nor fetched
 */
export async function fetchKernelImage(cacheDir: string, report: Report): Promise<KernelImage> {
  return withFreshIndex(() => fetchKnownToApt(cacheDir, report), report);
}

/** The package that a meta package stands for, from the text of `apt-cache depends`. */
export function parseKernelDependency(text: string): string | undefined {
  return /^\s*Depends: (linux-image-[a-z0-9.+-]+)$/m.exec(text)?.[1];
}

async function fetchKnownToApt(cacheDir: string, report: Report): Promise<KernelImage> {
  const name = parseKernelDependency(await askApt(['apt-cache', 'depends', '--important', META_PACKAGE], META_PACKAGE));
  if (!name) throw unknownToApt(META_PACKAGE);
  const version = await candidateVersion(name);
  const release = name.replace('linux-image-', '');
  const dir = await cachedFolder(cacheDir, `kernel-${release}_${version}`, async (unfinished) => {
    report(`fetching Debian's kernel ${release} (${version})`);
    await unpackKernel(unfinished, `${name}=${version}`, release);
  });
  return { release, version, vmlinuz: join(dir, 'vmlinuz'), modulesRoot: dir };
}

/** Leaves `vmlinuz` and `lib/modules/<release>` of a package of a kernel in `dir`. */
export async function unpackKernel(
  dir: string,
  wanted: string,
  release: string,
  config: readonly string[] = [],
): Promise<void> {
  const tree = await unpackPackage(wanted, dir, config);
  await rename(join(tree, 'boot', `vmlinuz-${release}`), join(dir, 'vmlinuz'));
  await mkdir(join(dir, 'lib', 'modules'), { recursive: true });
  await rename(await findModules(tree, release), join(dir, 'lib', 'modules', release));
  // depmod normally runs when the package is installed.
  await run(['depmod', '-b', dir, release]);
  await rm(tree, { recursive: true });
}

/** Debian 12 has modules in /lib, later ones in /usr/lib. */
async function findModules(tree: string, release: string): Promise<string> {
  const top = await readdir(tree);
  return join(tree, top.includes('lib') ? 'lib' : 'usr/lib', 'modules', release);
}
