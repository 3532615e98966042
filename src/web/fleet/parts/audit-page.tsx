import { useState } from 'preact/hooks';
import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { AuditPage as Audit, FleetFeedItem } from '../../../wire/api/fleet-views.ts';
import { useView } from '../use-view.ts';
import { onDay } from '../words/identity.ts';

const PAGE = 50;
const ofAudit = ({ view }: FleetFeedItem): boolean => view === 'audit';

/** Who did what, the newest first; nothing can be taken out of it unseen. */
export function AuditPage({ now }: { now: number }) {
  const [limit, setLimit] = useState(PAGE);
  const { view, refusal } = useView<Audit>(fleetPath('audit', {}, { limit }), ofAudit);
  return (
    <>
      <h1 tabIndex={-1}>Audit</h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view?.entries.length === 0 ? <p>Nothing was done yet.</p> : null}
      <ol class="audit">
        {view?.entries.map(({ id, at, who, action, subject, detail }) => (
          <li key={id} class="machine">
            <strong>
              {action} {subject}
            </strong>
            <span class="detail">
              By {who}, {onDay(at, now)}
            </span>
            {Object.entries(detail).map(([key, value]) => (
              <span key={key} class="detail">
                {key}: {typeof value === 'string' ? value : JSON.stringify(value)}
              </span>
            ))}
          </li>
        ))}
      </ol>
      {view?.next !== undefined && limit < 500 ? (
        <button type="button" onClick={() => setLimit(500)}>
          Show more
        </button>
      ) : null}
    </>
  );
}
