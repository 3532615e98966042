import type { Signal } from '../../../model/signal.ts';
import type { KernelLine } from '../codec/kernel-line.ts';
import { showable } from './redact.ts';

/** What a room says of a machine, before it is known which one and when. */
export type Telling =
  | Pick<Extract<Signal, { kind: 'system-log' }>, 'kind' | 'line' | 'level'>
  | Pick<Extract<Signal, { kind: 'talos-event' }>, 'kind' | 'what' | 'stage' | 'failed'>;

/** Warnings and worse. */
const WORTH_TELLING = 4;

/** `[talos] phase install (4/7): 1 tasks(s)`, `[talos] boot sequence: 20 phase(s)`; what is done is no news. */
const PHASE = /^\[talos\] (?:phase (?<phase>[\w-]+) \(\d+\/\d+\)|(?<sequence>[\w-]+) sequence): (?!done)/;
const FAULT = /\b(error|fail(ed|ure|ing|s)?|panic|fatal|refused|invalid|unable|cannot)\b/i;

/** What a line of the kernel log tells of the boot; undefined for the hundreds that tell nothing to a person. */
export function tellLine({ message, level }: KernelLine): Telling | undefined {
  if (message.startsWith('[talos]')) return tellTalosLine(message, level);
  return level <= WORTH_TELLING ? { kind: 'system-log', line: showable(message), level } : undefined;
}

/** Talos writes its own lines into the kernel's buffer, all of them as warnings: only their words tell a fault from progress. */
function tellTalosLine(message: string, level: number): Telling | undefined {
  const found = PHASE.exec(message)?.groups;
  if (found?.['phase']) return { kind: 'talos-event', what: 'phase', stage: found['phase'], failed: false };
  if (found?.['sequence']) return { kind: 'talos-event', what: 'sequence', stage: found['sequence'], failed: false };
  if (!FAULT.test(message)) return undefined;
  return { kind: 'system-log', line: showable(message), level: Math.min(level, WORTH_TELLING) };
}
