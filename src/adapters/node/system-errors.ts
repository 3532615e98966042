import { AppError, type ErrorCode } from '../../kernel/errors.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EROFS: 'permission-denied',
  EIO: 'disk-failed',
};

/** The errno name of a thrown value, such as `ENOENT`. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = (thrown as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What a failed file operation means; `what` says which one, such as `cannot write token.key`. */
export function fileError(what: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const errno = errnoOf(cause);
  return new AppError(codes[errno ?? ''] ?? 'disk-failed', errno ? `${what} (${errno})` : what, { cause });
}
