import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fileError } from './system-errors.ts';

export type WriteOptions = { /** Permission bits of the new file; 0644 if it is not given. */ readonly mode?: number };

/**
 * A whole file as text.
 * @returns undefined if there is none
 * @throws AppError `permission-denied`, `disk-failed`
 */
export async function readText(path: string): Promise<string | undefined> {
  return (await readBytes(path))?.toString('utf8');
}

/** As `readText`, without decoding. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(`cannot read ${path}`, error);
  }
}

/**
 * Replaces a file as a whole: after a power cut there is the old content or the new, on disk when this resolves.
 * @throws AppError `disk-full`, `permission-denied`, `disk-failed`; the old file is then untouched
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await publish(path, content, options, (unfinished) => rename(unfinished, path));
}

/**
 * Makes a file that must not be there yet, whole and on disk; of two who do it at once, one wins.
 * @returns false if there already is one; it is left as it is
 */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<boolean> {
  try {
    await publish(path, content, options, (unfinished) => link(unfinished, path));
    return true;
  } catch (error) {
    if (errnoOf((error as Error).cause) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Deletes a file; that is on disk when this resolves.
 * @returns false if there was none
 * @throws AppError `permission-denied`, `disk-failed`
 */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    await syncDir(dirname(path));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fileError(`cannot delete ${path}`, error);
  }
}

/** Makes a directory that only its owner may enter, on disk when this resolves; one that is there keeps its mode. */
export async function makePrivateDir(path: string): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDir(dirname(made));
  } catch (error) {
    throw fileError(`cannot make the directory ${path}`, error);
  }
}

/** Deletes what a kill left behind half written in a directory. Only for whoever alone writes there. */
export async function removeUnfinished(dir: string): Promise<void> {
  try {
    const left = (await readdir(dir)).filter((name) => UNFINISHED.test(name));
    await Promise.all(left.map((name) => rm(join(dir, name), { force: true })));
  } catch (error) {
    throw fileError(`cannot clear ${dir}`, error);
  }
}

/** `.name.UUID`, as `publish` names a file that is not whole yet. */
const UNFINISHED = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function publish(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
  show: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    await writeSynced(unfinished, content, options.mode ?? 0o644);
    await show(unfinished);
    await syncDir(dirname(path));
  } catch (error) {
    throw fileError(`cannot write ${path}`, error);
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeSynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is only safe when its directory is. */
export async function syncDir(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}
