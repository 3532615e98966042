import { setImmediate } from 'node:timers/promises';

/**
 * Lets one piece of work run at a time, and in a turn of the event loop of its own: whoever asks for the whole site with hundreds of
 * connections at once waits for himself, and no packet of a machine waits for him.
 */
export function createTurns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(() => setImmediate()).then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
