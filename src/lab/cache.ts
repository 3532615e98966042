import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const UNFINISHED = '.unfinished-';
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Where downloads and built images of the lab are kept, by the XDG rules. */
export function labCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(base, 'slipway', 'lab');
}

/** Where the tests keep the loaders that a site in a network of its own cannot fetch. */
export function labLoaderDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(labCacheDir(env), 'loaders');
}

/**
 * The folder `key` below `cacheDir`, made by `build` if it is not there yet. `build` fills an empty folder that becomes
 * visible in one rename, so two labs at once, or one that is killed, never see or leave half of it.
 * @returns the path of the finished folder
 */
export async function cachedFolder(
  cacheDir: string,
  key: string,
  build: (dir: string) => Promise<void>,
): Promise<string> {
  const finished = join(cacheDir, key);
  if (await exists(finished)) return finished;
  await mkdir(cacheDir, { recursive: true });
  await dropAbandoned(cacheDir);
  const unfinished = join(cacheDir, `${UNFINISHED}${randomUUID()}`);
  await mkdir(unfinished);
  try {
    await build(unfinished);
    await publish(unfinished, finished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return finished;
}

async function publish(unfinished: string, finished: string): Promise<void> {
  try {
    await rename(unfinished, finished);
  } catch (error) {
    // Somebody else finished the same folder first; the key says that theirs is as good as ours.
    if (!(await exists(finished))) throw error;
  }
}

async function dropAbandoned(cacheDir: string): Promise<void> {
  const names = (await readdir(cacheDir)).filter((name) => name.startsWith(UNFINISHED));
  for (const path of names.map((name) => join(cacheDir, name))) {
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
