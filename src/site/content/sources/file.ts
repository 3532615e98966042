import { open, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { errnoOf } from '../disk.ts';
import type { Attempt, AttemptContext, Delivery } from './attempt.ts';

const READ_BYTES = 1024 * 1024;

/** A file that somebody put on this machine. */
export function fileAttempt(path: string, label = `file ${path}`): Attempt {
  return { label, deliver: (context) => deliverFile(path, context) };
}

/** Reads a regular file from its beginning. */
export async function deliverFile(path: string, { signal }: AttemptContext): Promise<Delivery> {
  if (!isAbsolute(path)) throw new Error('the path does not begin with a slash');
  try {
    // Asked before opening: to open a pipe would wait for its other end.
    const found = await stat(path);
    if (!found.isFile()) throw new Error('is not a file');
    const file = await open(path, 'r');
    // An error before anybody reads is met by the reader later; without a listener it would end the process.
    const chunks = file.createReadStream({ highWaterMark: READ_BYTES, signal }).on('error', () => undefined);
    return { sizeBytes: found.size, chunks };
  } catch (cause) {
    throw new Error(reasons[errnoOf(cause) ?? ''] ?? (cause as Error).message, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'Slipway may not read it',
};
