import { FLEET_ALARMS } from '../../../model/fleet/fleet-alarm.ts';
import type { FleetAlarm } from '../../../model/fleet/hub-rows.ts';
import type { Finding } from './facts.ts';

export type AlarmChange = { readonly key: string; readonly row: FleetAlarm | undefined };

/** Rows to write so that the alarms are those that were found; what is as it was is not written. An alarm keeps its beginning. */
export function alarmChanges(
  kept: ReadonlyMap<string, FleetAlarm>,
  findings: readonly Finding[],
  now: number,
): readonly AlarmChange[] {
  const wanted = new Map<string, Finding>(findings.map((finding) => [`${finding.kind}/${finding.subject}`, finding]));
  const gone = [...kept.keys()].filter((key) => !wanted.has(key)).map((key) => ({ key, row: undefined }));
  const written = [...wanted].flatMap(([key, finding]) => {
    const before = kept.get(key);
    const row = rowOf(finding, finding.since ?? before?.since ?? now);
    return before && isSame(before, row) ? [] : [{ key, row }];
  });
  return [...gone, ...written];
}

function rowOf({ kind, subject, site, sentence }: Finding, since: number): FleetAlarm {
  return { kind, subject, ...(site !== undefined && { site }), since, sentence, toDo: FLEET_ALARMS[kind].toDo };
}

function isSame(a: FleetAlarm, b: FleetAlarm): boolean {
  return a.since === b.since && a.sentence === b.sentence && a.toDo === b.toDo && a.site === b.site;
}
