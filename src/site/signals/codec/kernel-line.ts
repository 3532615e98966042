import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';

/** One message of a kernel's ring buffer. `level` is that of syslog: 0 is an emergency, 7 is for developers. */
export type KernelLine = { readonly message: string; readonly level: number; readonly facility: string };

/** The words of Talos for the levels of syslog, in `priority`; services use the shorter ones, in `talos-level`. */
const LEVELS: Readonly<Record<string, number>> = {
  emerg: 0,
  panic: 0,
  alert: 1,
  crit: 2,
  fatal: 2,
  err: 3,
  error: 3,
  warning: 4,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

const UNKNOWN_LEVEL = 6;

/**
 * Reads one line of `talos.logging.kernel`: `{ msg, "talos-time", "talos-level", facility, seq, clock, priority }`. A line
 * without a level that we know counts as `info`. Fails with a sentence for what is no such object.
 */
export function parseKernelLine(text: string): Result<KernelLine, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return err('it is not a JSON object');
  const fields = value as Readonly<Record<string, unknown>>;
  const message = fields['msg'];
  if (typeof message !== 'string') return err('it has no text `msg`');
  const facility = fields['facility'];
  return ok({
    message: message.trimEnd(),
    level: levelOf(fields['priority']) ?? levelOf(fields['talos-level']) ?? UNKNOWN_LEVEL,
    facility: typeof facility === 'string' ? facility : '',
  });
}

function levelOf(word: unknown): number | undefined {
  return typeof word === 'string' && Object.hasOwn(LEVELS, word) ? LEVELS[word] : undefined;
}
