import { AppError, type ErrorCode } from '../../kernel/errors.ts';
import type { ErrorText } from './protocol.ts';

/** By the code of a thrown value: SQLite's, without its extension, or the errno of a file operation. */
const meanings: Readonly<Record<string, ErrorCode>> = {
  SQLITE_FULL: 'disk-full',
  SQLITE_CORRUPT: 'store-damaged',
  SQLITE_NOTADB: 'store-damaged',
  SQLITE_READONLY: 'store-read-only',
  SQLITE_CANTOPEN: 'store-read-only',
  SQLITE_PERM: 'store-read-only',
  SQLITE_AUTH: 'store-read-only',
  SQLITE_BUSY: 'store-locked',
  SQLITE_LOCKED: 'store-locked',
  SQLITE_PROTOCOL: 'store-locked',
  SQLITE_IOERR: 'disk-failed',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EACCES: 'store-read-only',
  EPERM: 'store-read-only',
  EROFS: 'store-read-only',
  ENOTDIR: 'store-read-only',
  ENOENT: 'store-read-only',
  EIO: 'disk-failed',
};

/** What a failure of SQLite or of a file means for a site; anything unknown is a bug of ours. `doing` begins the message. */
export function storeError(doing: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(meaningOf(cause) ?? 'internal', `${doing}: ${reason}`, { cause });
}

/** true for failures of the disk, which say nothing against the commit that met them. */
export function isWeather(thrown: unknown): boolean {
  return thrown instanceof AppError ? thrown.family === 'weather' : meaningOf(thrown) !== undefined;
}

export function encodeError(error: AppError): ErrorText {
  const { cause } = error;
  return {
    code: error.code,
    message: error.message,
    cause: cause instanceof Error ? (cause.stack ?? cause.message) : '',
  };
}

export function decodeError(text: ErrorText): AppError {
  return new AppError(text.code, text.message, text.cause ? { cause: new Error(text.cause) } : {});
}

function meaningOf(thrown: unknown): ErrorCode | undefined {
  const code = (thrown as { readonly code?: unknown } | null)?.code;
  if (typeof code !== 'string') return undefined;
  return meanings[code] ?? meanings[code.split('_').slice(0, 2).join('_')];
}
