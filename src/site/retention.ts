import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import type { Store } from '../model/store.ts';
import { forgetMachines } from './nodes/policy/forget.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 90 * DAY_MS;
const KEEP_BYTES = 500 * 1024 * 1024;
/** A few tens of megabytes of memory. */
const KEEP_BOOTS = 20_000;
/** A hundred times what a store has; beyond it the longest unseen go that never filled a slot. */
const KEEP_MACHINES = 10_000;
const EVERY_MS = 3_600_000;

/** Once an hour drops events and closed boots that are older than 90 days, and the oldest beyond 500 MB and 20 000 boots. */
export function startRetention({
  store,
  clock,
  log,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}): Cancel {
  let isStopped = false;
  const turn = async (): Promise<void> => {
    try {
      const dropped = await store.prune({
        beforeMs: clock.now() - KEEP_MS,
        maxBytes: KEEP_BYTES,
        maxBoots: KEEP_BOOTS,
      });
      const forgotten = forgetMachines(store.state, { beforeMs: clock.now() - KEEP_MS, maxMachines: KEEP_MACHINES });
      if (forgotten.length > 0) await store.commit(forgotten, []);
      if (dropped.events + dropped.boots + forgotten.length > 0)
        log.info({ ...dropped, forgotten: forgotten.length }, 'old events, boots and machines dropped');
    } catch (error) {
      log.warn({ reason: AppError.from(error).message }, 'old events could not be dropped; tried again in an hour');
    }
    if (!isStopped) cancel = clock.after(EVERY_MS, turn);
  };
  let cancel = clock.after(EVERY_MS, turn);
  return () => {
    isStopped = true;
    cancel();
  };
}
