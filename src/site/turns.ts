import { setImmediate } from 'node:timers/promises';

/** What is due on this thread waits a little longer than this at most: packets come every few milliseconds. */
const STRETCH_MS = 4;

/** To be awaited between the pieces of a long work: lets everything else have its turn when one is due. */
export function createTurns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < STRETCH_MS) return;
    await setImmediate();
    since = performance.now();
  };
}
