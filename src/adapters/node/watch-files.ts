import { stat } from 'node:fs/promises';
import type { Cancel, Clock } from '../../kernel/ports.ts';
import { errnoOf } from './system-errors.ts';

const POLL_MS = 1_000;

export type WatchOptions = {
  /** Asked anew at each look, so that a template may begin to name other files. */
  readonly paths: () => readonly string[];
  readonly clock: Clock;
  /** Called when something changed and then stayed as it is for one more look. */
  readonly onChange: () => void;
  readonly pollMs?: number;
};

/**
 * Looks at files again and again. Editors write in place, or beside and rename, or delete and make anew; network file
 * systems tell nobody: a look at name, inode, size and time sees them all. The answer ends the watch.
 */
export async function watchFiles(options: WatchOptions): Promise<Cancel> {
  const pollMs = options.pollMs ?? POLL_MS;
  let known = await fingerprint(options.paths());
  let before = known;
  let stopped = false;
  let cancel: Cancel = () => {};

  const look = async () => {
    const now = await fingerprint(options.paths());
    if (stopped) return;
    const settled = now === before;
    before = now;
    if (settled && now !== known) {
      known = now;
      options.onChange();
    }
    cancel = options.clock.after(pollMs, look);
  };
  cancel = options.clock.after(pollMs, look);
  return () => {
    stopped = true;
    cancel();
  };
}

async function fingerprint(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(fingerprintOf))).join('\n');
}

/** A file that cannot be looked at is a state like any other: whoever reads it next says what is wrong. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${path} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `${path} ${errnoOf(error)}`;
  }
}
