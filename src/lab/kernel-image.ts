import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { cachedFolder } from './cache.ts';
import { type Argv, type Report, run } from './command.ts';
import { updatePackageIndex } from './debian.ts';

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
};

/**
 * Fetches Debian's cloud kernel into the cache without installing it; apt checks it against the signed index.
 * @throws AppError `lab-failed` if the package can be neither found nor fetched
 */
export async function fetchKernelImage(cacheDir: string, report: Report): Promise<KernelImage> {
  try {
    return await fetchKnownToApt(cacheDir, report);
  } catch (error) {
    // An index that is missing or older than the mirror looks like a package that is not there.
    if (process.geteuid?.() !== 0) throw error;
    await updatePackageIndex(report);
    return fetchKnownToApt(cacheDir, report);
  }
}

/** The package that a meta package stands for, from the text of `apt-cache depends`. */
export function parseKernelDependency(text: string): string | undefined {
  return /^\s*Depends: (linux-image-[a-z0-9.+-]+)$/m.exec(text)?.[1];
}

/** One field of a package's record as `apt-cache show` writes it. */
export function parseField(text: string, field: string): string | undefined {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(text)?.[1];
}

async function fetchKnownToApt(cacheDir: string, report: Report): Promise<KernelImage> {
  const name = parseKernelDependency(await askApt(['apt-cache', 'depends', '--important', META_PACKAGE]));
  if (!name) throw unknownToApt(META_PACKAGE);
  const version = parseField(await askApt(['apt-cache', 'show', '--no-all-versions', name]), 'Version');
  if (!version) throw unknownToApt(name);
  const release = name.replace('linux-image-', '');
  const dir = await cachedFolder(cacheDir, `kernel-${release}_${version}`, async (unfinished) => {
    report(`fetching Debian's kernel ${release} (${version})`);
    await unpack(unfinished, `${name}=${version}`, release);
  });
  return { release, version, vmlinuz: join(dir, 'vmlinuz'), modulesRoot: dir };
}

function askApt(argv: Argv): Promise<string> {
  return run(argv).catch((cause: unknown) => {
    throw unknownToApt(META_PACKAGE, cause);
  });
}

function unknownToApt(name: string, cause?: unknown): AppError {
  return new AppError('lab-failed', `apt does not know the package ${name}. Type: sudo apt-get update`, { cause });
}

async function unpack(dir: string, wanted: string, release: string): Promise<void> {
  await run(['apt-get', 'download', wanted], { cwd: dir });
  const archive = (await readdir(dir)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new AppError('lab-failed', `apt-get download ${wanted} left no package`);
  const tree = join(dir, 'tree');
  await run(['dpkg-deb', '-x', join(dir, archive), tree]);
  await rename(join(tree, 'boot', `vmlinuz-${release}`), join(dir, 'vmlinuz'));
  await mkdir(join(dir, 'lib', 'modules'), { recursive: true });
  await rename(await findModules(tree, release), join(dir, 'lib', 'modules', release));
  // depmod normally runs when the package is installed.
  await run(['depmod', '-b', dir, release]);
  await rm(tree, { recursive: true });
  await rm(join(dir, archive));
}

/** Debian 12 has modules in /lib, later ones in /usr/lib. */
async function findModules(tree: string, release: string): Promise<string> {
  const top = await readdir(tree);
  return join(tree, top.includes('lib') ? 'lib' : 'usr/lib', 'modules', release);
}
