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

/**
 * Runs a Node program whose clocks go so many times as fast. Waits of five seconds and more are so many times shorter;
 * the others go right, as they wait for the world.
 */
export function hurried(times: number, argv: Argv): Argv {
  const code = `const [p, w, t] = [performance.now.bind(performance), Date.now, setTimeout];
    const [p0, w0] = [p(), w()];
    performance.now = () => p0 + (p() - p0) * ${times};
    Date.now = () => Math.round(w0 + (w() - w0) * ${times});
    globalThis.setTimeout = (run, ms, ...rest) => t(run, ms >= 5000 ? ms / ${times} : ms, ...rest);`;
  return ['env', `NODE_OPTIONS=--import=data:text/javascript,${encodeURIComponent(code)}`, ...argv];
}
