import { useState } from 'preact/hooks';
import { type FleetPage, fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, PublicationView, PushView } from '../../../wire/api/fleet-views.ts';
import { State } from '../../parts/state.tsx';
import { formatRoute } from '../route.ts';
import { useView } from '../use-view.ts';
import { count } from '../words/fleet.ts';
import { onDay } from '../words/identity.ts';
import { countsLine, publicationDetail, publicationWords } from '../words/publication.ts';
import { Pager } from './pager.tsx';

const PAGE = 20;
const ofPublications = ({ view }: FleetFeedItem): boolean => view === 'publications' || view === 'pushes';

/** What went to sites and what is on its way, and what was pushed. */
export function PublicationsPage({ now }: { now: number }) {
  const [offset, setOffset] = useState(0);
  const [pushOffset, setPushOffset] = useState(0);
  const publications = useView<FleetPage<PublicationView>>(
    fleetPath('publications', {}, { offset, limit: PAGE }),
    ofPublications,
  );
  const pushes = useView<FleetPage<PushView>>(
    fleetPath('pushes', {}, { offset: pushOffset, limit: PAGE }),
    ofPublications,
  );
  const refusal = publications.refusal ?? pushes.refusal;
  return (
    <>
      <h1 tabIndex={-1}>Publications</h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {publications.view?.total === 0 ? (
        <p>
          Nothing was published yet. <code>slipway hub publish</code> sends the newest push to sites.
        </p>
      ) : null}
      {publications.view?.rows.map((publication) => (
        <PublicationLink key={publication.id} publication={publication} now={now} />
      ))}
      {publications.view ? (
        <Pager what="publications" {...{ offset, size: PAGE, total: publications.view.total, show: setOffset }} />
      ) : null}
      <section aria-labelledby="pushes">
        <h2 id="pushes">Pushes</h2>
        {pushes.view?.total === 0 ? <p>Nothing was pushed yet.</p> : null}
        {pushes.view?.rows.map((push) => (
          <p key={push.id} class="machine">
            <strong>
              {push.id}: {push.comment || push.template}
            </strong>
            <span class="detail">
              By {push.by}, {onDay(push.at, now)}; {push.template} for {count(push.sites)}{' '}
              {push.sites === 1 ? 'site' : 'sites'}; signed by {push.keyId}
            </span>
          </p>
        ))}
        {pushes.view ? (
          <Pager what="pushes" {...{ offset: pushOffset, size: PAGE, total: pushes.view.total, show: setPushOffset }} />
        ) : null}
      </section>
    </>
  );
}

export function PublicationLink({ publication, now }: { publication: PublicationView; now: number }) {
  const { word, tone } = publicationWords(publication.state);
  const { confirmed, sites } = publication.counts;
  return (
    <a class={`slot ${tone}`} href={formatRoute({ at: 'publication', publication: publication.id })}>
      <span class="row">
        <strong>
          {publication.id}: {publication.comment || `push ${publication.push}`}
        </strong>{' '}
        <State tone={tone} word={word} />
      </span>
      <span class="detail">{publicationDetail(publication, now)}</span>
      <progress max={Math.max(1, sites)} value={confirmed} aria-label="Sites that have it" />
      <span class="aside">{countsLine(publication)}</span>
    </a>
  );
}
