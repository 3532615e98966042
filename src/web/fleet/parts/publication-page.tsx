import { useState } from 'preact/hooks';
import { type FleetPage, fleetPath } from '../../../wire/api/fleet-queries.ts';
import type {
  FleetFeedItem,
  FleetOverview,
  PublicationSiteView,
  PublicationView,
} from '../../../wire/api/fleet-views.ts';
import { State } from '../../parts/state.tsx';
import { sinceWhen } from '../../words/time.ts';
import { formatRoute } from '../route.ts';
import { useView } from '../use-view.ts';
import { sentence } from '../words/fleet.ts';
import {
  ACTS,
  countsLine,
  publicationDetail,
  publicationSiteWords,
  publicationWords,
  rulesLine,
} from '../words/publication.ts';
import { Pager } from './pager.tsx';

const PAGE = 50;
const ofPublications = ({ view }: FleetFeedItem): boolean => view === 'publications' || view === 'sites';

/** One publication: where it stands, what may be done, and how each site is with it. */
export function PublicationPage({ publication: id, fleet }: { publication: string; fleet: FleetOverview }) {
  const { view, refusal } = useView<PublicationView>(fleetPath('publication', { publication: id }), ofPublications);
  return (
    <>
      <a class="back" href="#/publications">
        <span aria-hidden="true">‹&nbsp;</span>
        All publications
      </a>
      <h1 tabIndex={-1}>
        {id} {view ? <State {...publicationWords(view.state)} /> : null}
      </h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view ? <Publication view={view} fleet={fleet} /> : null}
    </>
  );
}

function Publication({ view, fleet }: { view: PublicationView; fleet: FleetOverview }) {
  const { tone } = publicationWords(view.state);
  return (
    <>
      <p class={`banner ${tone}`}>{publicationDetail(view, fleet.at)}</p>
      <progress max={Math.max(1, view.counts.sites)} value={view.counts.confirmed} aria-label="Sites that have it" />
      <p>{countsLine(view)}.</p>
      <p class="aside">
        Push {view.push}
        {view.comment === '' ? '' : `: ${view.comment}`}. By {view.by}. {rulesLine(view)}
      </p>
      <Acts view={view} fleet={fleet} />
      <Sites publication={view.id} now={fleet.at} />
    </>
  );
}

function Acts({ view, fleet }: { view: PublicationView; fleet: FleetOverview }) {
  if (view.acts.length === 0) return null;
  if (fleet.you.role === 'read') return <p class="aside">Your token may read; to steer it needs the role operate.</p>;
  return (
    <nav class="actions" aria-label="What can be done with it">
      {view.acts.map((act) => (
        <a
          key={act}
          class={`button ${ACTS[act].isDanger ? 'danger' : ''}`}
          href={formatRoute({ at: 'act', publication: view.id, act })}
        >
          {ACTS[act].button} …
        </a>
      ))}
    </nav>
  );
}

function Sites({ publication, now }: { publication: string; now: number }) {
  const [offset, setOffset] = useState(0);
  const path = fleetPath('publicationSites', { publication }, { offset, limit: PAGE });
  const { view, refusal } = useView<FleetPage<PublicationSiteView>>(path, ofPublications);
  return (
    <section aria-labelledby="sites">
      <h2 id="sites">Sites</h2>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      <ul class="slots">
        {view?.rows.map((row) => (
          <li key={row.site}>
            <SiteLink row={row} now={now} />
          </li>
        ))}
      </ul>
      {view ? <Pager what="sites" {...{ offset, size: PAGE, total: view.total, show: setOffset }} /> : null}
    </section>
  );
}

function SiteLink({ row, now }: { row: PublicationSiteView; now: number }) {
  const { word, tone } = publicationSiteWords(row.state, row.isUnreachable);
  return (
    <a class={`slot ${tone}`} href={formatRoute({ at: 'site', site: row.site })}>
      <span class="row">
        <strong>{row.site}</strong> <State tone={tone} word={word} />
      </span>
      <span class="detail">
        Revision {row.number}
        {row.isCanary ? ', a canary' : ''}, {sinceWhen(row.since, now)}
      </span>
      {row.because === undefined ? null : <span class="todo">{sentence(row.because)}</span>}
    </a>
  );
}
