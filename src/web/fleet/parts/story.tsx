import { useState } from 'preact/hooks';
import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetEvents, FleetFeedItem } from '../../../wire/api/fleet-views.ts';
import { useView } from '../use-view.ts';
import { story } from '../words/story.ts';

const FEW = 30;
const ALL = 1000;
const ofSites = ({ view }: FleetFeedItem): boolean => view === 'sites';

/** What happened at a site, or in one slot of it, the newest first; times are of its clock, in the zone of who reads. */
export function Story({ site, slot, now }: { site: string; slot?: string; now: number }) {
  const [limit, setLimit] = useState(FEW);
  const { view, refusal } = useView<FleetEvents>(fleetPath('siteEvents', { site }, { slot, limit }), ofSites);
  if (!view) return refusal === undefined ? null : <p class="banner bad">{refusal}</p>;
  const days = story(view.events, now);
  return (
    <section aria-labelledby="story">
      <h2 id="story">What happened</h2>
      {days.length === 0 ? <p>Nothing yet.</p> : null}
      {days.map(({ day, lines }) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ol class="timeline">
            {lines.map(({ key, time, text, tone }) => (
              <li key={key} class={tone}>
                <time>{time}</time> <span>{text}</span>
              </li>
            ))}
          </ol>
        </section>
      ))}
      {view.next !== undefined && limit < ALL ? (
        <button type="button" onClick={() => setLimit(ALL)}>
          Show more
        </button>
      ) : null}
    </section>
  );
}
