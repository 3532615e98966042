import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { type Argv, type Report, run } from './command.ts';
import { updatePackageIndex } from './debian.ts';

/** Runs what asks apt for packages; where its index is missing or too old, reads that again and tries once more. */
export async function withFreshIndex<T>(ask: () => Promise<T>, report: Report): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // An index that is missing or older than the mirror looks like a package that is not there.
    if (process.geteuid?.() !== 0) throw error;
    await updatePackageIndex(report);
    return ask();
  }
}

/** The version of a package that apt would install now; `config`: arguments that lead apt elsewhere. */
export async function candidateVersion(name: string, config: readonly string[] = []): Promise<string> {
  const argv = ['apt-cache', ...config, 'show', '--no-all-versions', name] as const;
  const version = parseField(await askApt(argv, name), 'Version');
  if (!version) throw unknownToApt(name);
  return version;
}

/** What apt says about the package `name`. */
export function askApt(argv: Argv, name: string): Promise<string> {
  return run(argv).catch((cause: unknown) => {
    throw unknownToApt(name, cause);
  });
}

export function unknownToApt(name: string, cause?: unknown): AppError {
  return new AppError('lab-failed', `apt does not know the package ${name}. Type: sudo apt-get update`, { cause });
}

/** One field of a package's record as `apt-cache show` writes it. */
export function parseField(text: string, field: string): string | undefined {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(text)?.[1];
}

/**
 * Fetches a package without installing it and unpacks it; apt checks it against the signed index.
 * @param wanted `name=version`
 * @param config arguments that lead apt elsewhere
 * @returns the folder below `dir` with the files of the package
 */
export async function unpackPackage(wanted: string, dir: string, config: readonly string[] = []): Promise<string> {
  await run(['apt-get', ...config, 'download', wanted], { cwd: dir });
  const archive = (await readdir(dir)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new AppError('lab-failed', `apt-get download ${wanted} left no package`);
  const tree = join(dir, 'tree');
  await run(['dpkg-deb', '-x', join(dir, archive), tree]);
  await rm(join(dir, archive));
  return tree;
}
