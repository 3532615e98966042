import type { Clock } from './ports.ts';

/** Waits for `work`, but no longer than `mostMs`; true if it has ended by then. Rejects if `work` does in that time. */
export function within(work: Promise<unknown>, mostMs: number, clock: Pick<Clock, 'after'>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(mostMs, () => resolve(false));
    work.then(
      () => {
        cancel();
        resolve(true);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
