import { setImmediate } from 'node:timers/promises';

/**
 * Lets one piece of work run in each turn of the event loop: whoever asks for the whole site with hundreds of
 * connections at once waits for himself, and no packet of a machine waits for him.
 */
export function createTurns(): <T>(work: () => T) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(() => setImmediate()).then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
