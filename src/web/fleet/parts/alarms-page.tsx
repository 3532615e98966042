import { useState } from 'preact/hooks';
import { type FleetPage, fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetAlarmView, FleetFeedItem } from '../../../wire/api/fleet-views.ts';
import { sinceWhen } from '../../words/time.ts';
import { formatRoute } from '../route.ts';
import { useView } from '../use-view.ts';
import { sentence } from '../words/fleet.ts';
import { Pager } from './pager.tsx';

const PAGE = 50;
const ofAlarms = ({ view }: FleetFeedItem): boolean => view === 'alarms';

/** What somebody should look into, and what to do about it. */
export function AlarmsPage({ now }: { now: number }) {
  const [offset, setOffset] = useState(0);
  const { view, refusal } = useView<FleetPage<FleetAlarmView>>(
    fleetPath('alarms', {}, { offset, limit: PAGE }),
    ofAlarms,
  );
  return (
    <>
      <h1 tabIndex={-1}>Alarms</h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view?.total === 0 ? <p>Nothing needs you.</p> : null}
      {view?.rows.map((alarm) => (
        <Alarm key={`${alarm.kind} ${alarm.subject}`} alarm={alarm} now={now} isLinked />
      ))}
      {view ? <Pager what="alarms" {...{ offset, size: PAGE, total: view.total, show: setOffset }} /> : null}
    </>
  );
}

export function Alarm({ alarm, now, isLinked }: { alarm: FleetAlarmView; now: number; isLinked?: true }) {
  const { site, since, sentence: what, toDo } = alarm;
  return (
    <p class="machine alarm">
      {sentence(what)}
      <span class="detail">{sinceWhen(since, now).replace(/^s/, 'S')}</span>
      <span class="todo">{toDo}</span>
      {isLinked && site !== undefined ? (
        <a class="goto" href={formatRoute({ at: 'site', site })}>
          {site}
        </a>
      ) : null}
    </p>
  );
}
