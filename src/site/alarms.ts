import type { Clock } from '../kernel/ports.ts';
import { ALARM_EVENTS, type Alarm, addAlarm, recentAlarms } from '../model/alarm.ts';
import type { Store } from '../model/store.ts';

/** As many events as are read at the start to know the alarms of the last day. */
const READ_AT_START = 500;

/** The alarms of the last day, also over a restart. */
export interface Alarms {
  current(): readonly Alarm[];
  stop(): void;
}

/** Rejects with an AppError if the events cannot be read. */
export async function startAlarms({ store, clock }: { readonly store: Store; readonly clock: Clock }): Promise<Alarms> {
  const past = await store.events({ limit: READ_AT_START, newestFirst: true, types: ALARM_EVENTS });
  let alarms = [...past].reverse().reduce<readonly Alarm[]>(addAlarm, []);
  const stop = store.onEvent((event) => {
    alarms = addAlarm(alarms, event);
  });
  return { current: () => recentAlarms(alarms, clock.now()), stop };
}
