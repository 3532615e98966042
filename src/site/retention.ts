import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import { OUTBOX } from '../model/outbox.ts';
import type { Store } from '../model/store.ts';
import { forgetMachines } from './nodes/policy/forget.ts';
import { tellDropped, tellWaiting } from './outbox-watch.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 90 * DAY_MS;
const KEEP_BYTES = 500 * 1024 * 1024;
/** A few tens of megabytes of memory. */
const KEEP_BOOTS = 20_000;
/** A hundred times what a store has; beyond it the longest unseen go that never filled a slot. */
const KEEP_MACHINES = 10_000;
const EVERY_MS = 3_600_000;

/**
 * Once an hour drops events and closed boots that are older than 90 days, and the oldest beyond 500 MB and 20 000 boots. What head
 * office of a steered site has not had by then is said to be missing, and what waits for it too long is said to wait.
 */
export function startRetention({
  store,
  clock,
  log,
  isSteered,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** It has a head office. */
  readonly isSteered: boolean;
}): Cancel {
  let isStopped = false;
  const turn = async (): Promise<void> => {
    await dropOld(store, clock.now(), log, isSteered).catch((error: unknown) => {
      log.warn({ reason: AppError.from(error).message }, 'old events could not be dropped; tried again in an hour');
    });
    if (!isStopped) cancel = clock.after(EVERY_MS, turn);
  };
  let cancel = clock.after(EVERY_MS, turn);
  return () => {
    isStopped = true;
    cancel();
  };
}

async function dropOld(store: Store, now: number, log: Log, isSteered: boolean): Promise<void> {
  const beforeMs = now - KEEP_MS;
  const dropped = await store.prune({
    ...{ beforeMs, maxBytes: KEEP_BYTES, maxBoots: KEEP_BOOTS },
    ...(isSteered ? { ackedThrough: store.state.link.get(OUTBOX)?.ackedThrough ?? 0 } : {}),
  });
  const forgotten = forgetMachines(store.state, { beforeMs, maxMachines: KEEP_MACHINES });
  if (forgotten.length > 0) await store.commit(forgotten, []);
  if (dropped.events + dropped.boots + forgotten.length > 0)
    log.info({ ...dropped, forgotten: forgotten.length }, 'old events, boots and machines dropped');
  if (dropped.unacked > 0) await tellDropped(store, dropped.unacked, now);
  if (isSteered) await tellWaiting(store, now);
}
