import { open, statfs } from 'node:fs/promises';
import { AppError } from '../../kernel/errors.ts';

const MIB = 1024 * 1024;

/** Makes the names in a folder durable: a renamed file is only safe when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes sure that a file may grow by `sizeBytes` and leave `reserveBytes` of the disk to leases and events.
 * @throws AppError `disk-full`
 */
export async function checkRoom(folder: string, sizeBytes: number, reserveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize - sizeBytes >= reserveBytes) return;
  const free = `${Math.floor((bavail * bsize) / MIB)} MiB are free`;
  throw new AppError('disk-full', `${free}, of which ${Math.ceil(reserveBytes / MIB)} are kept for leases and events`);
}

/** What a failed read or write on our own disk means to a person. */
export function diskError(cause: unknown, doing: string): AppError {
  if (cause instanceof AppError) return cause;
  const errno = errnoOf(cause);
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  return new AppError(full ? 'disk-full' : 'disk-failed', `${doing}: ${errno ?? String(cause)}`, { cause });
}

export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
}
