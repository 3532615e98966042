import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import { FLEET_ALARMS } from '../../model/fleet/fleet-alarm.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import { diskOf, gatherRows } from './gather.ts';
import { type AlarmChange, alarmChanges } from './policy/changes.ts';
import { findAlarms } from './policy/rules.ts';
import type { Waiting } from './policy/waiting.ts';

export type AlarmParts = {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dataDir: string;
  readonly silentAfterMs: number;
};

const TICK_MS = 60_000;

/** Keeps the alarms of head office as the facts are: looks about once a minute, because silence makes no noise. */
export function watchAlarms(parts: AlarmParts): { readonly stop: () => Promise<void> } {
  const { clock, random, log } = parts;
  let cancel: Cancel = clock.after(0, look);
  let looking = Promise.resolve();
  let waiting: readonly Waiting[] = [];
  let isStopped = false;
  function look(): void {
    looking = updateAlarms(parts, waiting)
      .then((now) => {
        waiting = now;
      })
      .catch((error: unknown) => log.error({ error }, 'the alarms of head office could not be looked at'))
      .finally(() => {
        if (!isStopped) cancel = clock.after(TICK_MS * (0.5 + random.unit()), look);
      });
  }
  return {
    stop: () => {
      isStopped = true;
      cancel();
      return looking;
    },
  };
}

/** One look: alarms come, change and go. Answers where machines wait, for the next look. */
async function updateAlarms(parts: AlarmParts, waitedBefore: readonly Waiting[]): Promise<readonly Waiting[]> {
  const { store, clock, log, dataDir, silentAfterMs } = parts;
  const disk = await diskOf(dataDir);
  const rows = await store.read((tx) => gatherRows(tx, waitedBefore));
  const now = clock.now();
  const findings = findAlarms({ ...rows, now, silentAfterMs, disk });
  const kept = await store.read((tx) => tx.list('alarms'));
  const own = kept.filter(({ row }) => row.kind in FLEET_ALARMS);
  const changes = alarmChanges(new Map(own.map(({ key, row }) => [key, row])), findings, now);
  await writeChanges(store, changes, log);
  return rows.waiting;
}

async function writeChanges(store: HubStore, changes: readonly AlarmChange[], log: Log): Promise<void> {
  if (changes.length === 0) return;
  await store.work(async (tx) => {
    for (const { key, row } of changes) await (row ? tx.put('alarms', key, row) : tx.delete('alarms', key));
  });
  for (const { key, row } of changes) {
    if (row) log.warn({ alarm: row.kind, subject: row.subject, site: row.site }, row.sentence);
    else log.info({ alarm: key }, 'an alarm of head office is over');
  }
}
