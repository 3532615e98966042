import type { FleetOverview } from '../../../wire/api/fleet-views.ts';
import { sinceWhen } from '../../words/time.ts';
import { formatRoute, type Route } from '../route.ts';
import { count, type Reach } from '../words/fleet.ts';

type TopProps = {
  readonly fleet: FleetOverview | undefined;
  readonly reach: Reach;
  readonly route: Route;
  readonly leave: () => void;
};

const PARTS: readonly { readonly name: string; readonly route: Route; readonly within: readonly Route['at'][] }[] = [
  { name: 'Sites', route: { at: 'sites', filter: {} }, within: ['sites', 'site', 'slot'] },
  { name: 'Publications', route: { at: 'publications' }, within: ['publications', 'publication', 'act'] },
  { name: 'Alarms', route: { at: 'alarms' }, within: ['alarms'] },
  { name: 'Audit', route: { at: 'audit' }, within: ['audit'] },
];

/** Which head office this is, whether what one sees is of now, and the way to each part. */
export function Top({ fleet, reach, route, leave }: TopProps) {
  const alarms = fleet?.alarms ?? 0;
  return (
    <header>
      <div class="top">
        <a href="#/" class="site">
          {fleet?.hub ?? 'Slipway'}
        </a>
        <span class={`link ${reachTone(reach)}`}>{reachWord(reach)}</span>
      </div>
      <nav class="parts" aria-label="Parts">
        {PARTS.map(({ name, route: to, within }) => (
          <a key={name} href={formatRoute(to)} aria-current={within.includes(route.at) ? 'page' : undefined}>
            {name}
            {name === 'Alarms' && alarms > 0 ? <span class="number"> {count(alarms)}</span> : null}
          </a>
        ))}
        <button type="button" class="leave" onClick={leave}>
          Sign out
        </button>
      </nav>
    </header>
  );
}

/** Says plainly that what one sees may be old. */
export function Silence({ reach, hasSeen }: { reach: Reach; hasSeen: boolean }) {
  if (reach.silentSince === undefined) return null;
  return (
    <p class="banner bad" role="alert">
      <strong>Head office does not answer, {sinceWhen(reach.silentSince, Date.now())}.</strong>{' '}
      {hasSeen ? 'What you see is of that time. ' : ''}The stores go on without it. This page tries again by itself.
    </p>
  );
}

function reachTone({ silentSince, isLive }: Reach): string {
  if (silentSince !== undefined) return 'bad';
  return isLive ? 'good' : 'late';
}

function reachWord({ silentSince, isLive, answeredAt }: Reach): string {
  if (silentSince !== undefined) return 'Not reachable';
  if (isLive) return 'Live';
  return answeredAt === undefined ? 'Connecting …' : 'Not live: up to 30 s old';
}
