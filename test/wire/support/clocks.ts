import { globSync } from 'node:fs';
import type { Argv } from '../../../src/lab/command.ts';

/** Runs a command with the wall clock of a machine whose battery is empty; timers go right. */
export function in1970(argv: Argv): Argv {
  return faked('@1970-01-01 00:05:00', argv);
}

/** Runs a command a day later. */
export function tomorrow(argv: Argv): Argv {
  return faked('+1d', argv);
}

/** Runs a command at a time as libfaketime writes it, such as `+100d`; timers go right. */
export function faked(time: string, argv: Argv): Argv {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
  if (!library) throw new Error('libfaketime is not installed');
  return ['env', `LD_PRELOAD=${library}`, `FAKETIME=${time}`, 'FAKETIME_DONT_FAKE_MONOTONIC=1', ...argv];
}
