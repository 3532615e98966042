import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, FleetSiteView } from '../../../wire/api/fleet-views.ts';
import { sinceWhen } from '../../words/time.ts';
import { formatRoute } from '../route.ts';
import { useView } from '../use-view.ts';
import { onDay } from '../words/identity.ts';
import { machineLine } from './site-page.tsx';
import { Story } from './story.tsx';

const ofSites = ({ view }: FleetFeedItem): boolean => view === 'sites';

/** One slot of a site: how it is, what is on its disk, and its whole life. */
export function SlotPage({ site, slot: name }: { site: string; slot: string }) {
  const { view, refusal } = useView<FleetSiteView>(fleetPath('site', { site }), ofSites);
  const slot = view?.slotViews.find((one) => one.slot === name);
  return (
    <>
      <a class="back" href={formatRoute({ at: 'site', site })}>
        <span aria-hidden="true">‹&nbsp;</span>
        {site}
      </a>
      <h1 tabIndex={-1}>{name}</h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view && !slot ? <p>This site has no such slot now.</p> : null}
      {view && slot ? (
        <p class="machine">
          <strong>{slot.sentence}</strong>
          {slot.since === undefined ? null : <span class="detail">{sinceWhen(slot.since, view.at)}</span>}
          <span class="detail">{machineLine(slot)}</span>
          {slot.installed === undefined ? null : (
            <span class="detail">
              Installed {onDay(slot.installed.at, view.at)}, by order {slot.installed.order}
            </span>
          )}
        </p>
      ) : null}
      {view ? <Story site={site} slot={name} now={view.at} /> : null}
    </>
  );
}
