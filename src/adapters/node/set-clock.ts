import { execFile } from 'node:child_process';

/** Sets the clock of this machine by date(1), which needs CAP_SYS_TIME. Answers why it could not be set; undefined: it was. */
export function setClock(timeMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('date', ['--set', `@${(timeMs / 1000).toFixed(3)}`], { timeout: 5_000 }, (error, _out, words) =>
      resolve(error ? words.trim() || error.message : undefined),
    );
  });
}
