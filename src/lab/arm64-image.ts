import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { cachedFolder } from './cache.ts';
import type { Report } from './command.ts';
import { askApt, candidateVersion, unknownToApt, unpackPackage, withFreshIndex } from './debian-archive.ts';
import { inSuite } from './debian-suite.ts';
import { type KernelImage, parseKernelDependency, unpackKernel } from './kernel-image.ts';
import { type SignedLoaders, signedLoadersIn, unpackSignedLoaders } from './signed-loaders.ts';

const SUITE = 'bookworm';
const ARCH = 'arm64';
const META_PACKAGE = `linux-image-cloud-${ARCH}`;
const PREFIX = `${ARCH}-system-`;

export type Arm64Image = KernelImage & { readonly signed: SignedLoaders };

/**
 * Debian's kernel for arm64, a busybox and the signed loaders to go with it, fetched into the cache once a day; this machine need not know
 * the architecture. Where the mirror cannot be reached, that of an earlier day will do.
 * @param today as in 2026-11-21
 * @throws AppError if there is none
 */
export async function fetchArm64Image(cacheDir: string, today: string, report: Report): Promise<Arm64Image> {
  try {
    await cachedFolder(cacheDir, `${PREFIX}${today}`, (unfinished) =>
      withFreshIndex(() => fetchInto(unfinished, report), report),
    );
  } catch (cause) {
    const kept = await keptDays(cacheDir);
    if (kept.length === 0) throw AppError.from(cause);
  }
  const [newest, , ...older] = await keptDays(cacheDir);
  for (const name of older) await rm(join(cacheDir, name), { recursive: true, force: true });
  const dir = join(cacheDir, newest ?? '');
  const { release, version } = JSON.parse(await readFile(join(dir, 'image.json'), 'utf8')) as Fetched;
  const files = { vmlinuz: join(dir, 'vmlinuz'), busybox: join(dir, 'busybox'), signed: signedLoadersIn(dir) };
  return { release, version, modulesRoot: dir, ...files };
}

type Fetched = Pick<KernelImage, 'release' | 'version'>;

async function fetchInto(dir: string, report: Report): Promise<void> {
  report(`fetching Debian's kernel for ${ARCH}`);
  await inSuite({ suite: SUITE, arch: ARCH }, dir, async (config) => {
    const depends = ['apt-cache', ...config, 'depends', '--important', META_PACKAGE] as const;
    const name = parseKernelDependency(await askApt(depends, META_PACKAGE));
    if (!name) throw unknownToApt(META_PACKAGE);
    const version = await candidateVersion(name, config);
    const release = name.replace('linux-image-', '');
    await unpackKernel(dir, `${name}=${version}`, release, config);
    const tree = await unpackPackage('busybox-static', dir, config);
    await rename(join(tree, 'bin', 'busybox'), join(dir, 'busybox'));
    await rm(tree, { recursive: true });
    await unpackSignedLoaders(ARCH, dir, config);
    await writeFile(join(dir, 'image.json'), JSON.stringify({ release, version } satisfies Fetched));
  });
}

/** The newest first. */
async function keptDays(cacheDir: string): Promise<string[]> {
  const names = await readdir(cacheDir).catch(() => []);
  return names
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .reverse();
}
