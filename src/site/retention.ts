import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import type { Store } from '../model/store.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 90 * DAY_MS;
const KEEP_BYTES = 500 * 1024 * 1024;
const EVERY_MS = 3_600_000;

/** Once an hour drops events and closed boots that are older than 90 days, and the oldest events beyond 500 MB. */
export function startRetention({
  store,
  clock,
  log,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}): Cancel {
  const turn = async (): Promise<void> => {
    try {
      const dropped = await store.prune({ beforeMs: clock.now() - KEEP_MS, maxBytes: KEEP_BYTES });
      if (dropped.events + dropped.boots > 0) log.info(dropped, 'old events and boots dropped');
    } catch (error) {
      log.warn({ reason: AppError.from(error).message }, 'old events could not be dropped; tried again in an hour');
    }
    cancel = clock.after(EVERY_MS, turn);
  };
  let cancel = clock.after(EVERY_MS, turn);
  return () => cancel();
}
