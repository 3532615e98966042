import { AppError } from '../../kernel/errors.ts';
import type { LogFields } from '../../kernel/ports.ts';

const HIDDEN = '[hidden]';
const DEEPEST = 8;
const secretKey = /token|secret|password|passwd|authorization|cookie/i;

/** Addresses of the site that carry what they grant: `/t/<token>/…` and `/r/<token>/…`. */
const tokenInPath = /\/([tr])\/[A-Za-z0-9_-]{20,}/g;

/** The text with the tokens of our own addresses taken out. */
export function withoutTokens(text: string): string {
  return text.replace(tokenInPath, `/$1/${HIDDEN}`);
}

/**
 * Fields as they may be written down: values of keys that name secrets are hidden at any depth, and errors become plain
 * values with their causes. Only bugs of ours keep their stack; for weather it would be noise.
 */
export function loggable(fields: LogFields): Record<string, unknown> {
  return plainObject(fields, 0);
}

function plainObject(value: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretKey.test(key) ? HIDDEN : plain(inner, depth + 1)]),
  );
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutTokens(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  // Also the end of a value that contains itself.
  if (depth > DEEPEST) return '[too deep]';
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((inner) => plain(inner, depth + 1));
  if (value instanceof Map) return plainObject(Object.fromEntries(value), depth);
  return value instanceof Set ? plain([...value], depth) : plainObject(value, depth);
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const known = error instanceof AppError;
  const code = (error as { readonly code?: unknown }).code;
  return {
    ...(code === undefined ? {} : { code }),
    message: withoutTokens(error.message),
    ...(!known || error.family === 'ours' ? stackOf(error, depth) : {}),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1) }),
  };
}

/** The stack of the outermost error only: that of a cause repeats it, and a cause of weather needs none. */
function stackOf(error: Error, depth: number): { stack?: string } {
  return depth <= 1 && error.stack !== undefined ? { stack: withoutTokens(error.stack) } : {};
}
