import { open } from 'node:fs/promises';
import { AppError } from '../../kernel/errors.ts';

/** Makes the names in a folder durable: a renamed file is only safe when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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
