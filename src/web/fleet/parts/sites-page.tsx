import { useEffect, useState } from 'preact/hooks';
import { type FleetPage, fleetPath } from '../../../wire/api/fleet-queries.ts';
import {
  FLEET_SITE_STATES,
  type FleetFeedItem,
  type FleetOverview,
  type FleetSiteRow,
} from '../../../wire/api/fleet-views.ts';
import { State } from '../../parts/state.tsx';
import { formatRoute, type SiteFilter } from '../route.ts';
import { useView } from '../use-view.ts';
import {
  imagesLine,
  labelsLine,
  revisionLine,
  STATE_WORDS,
  siteDetail,
  siteWords,
  slotsLine,
  summary,
  whyNot,
} from '../words/fleet.ts';
import { Pager } from './pager.tsx';
import { PublicationLink } from './publications-page.tsx';

const PAGE = 50;
/** Nobody types a letter a second. */
const TYPED_MS = 250;
const ofSites = ({ view }: FleetFeedItem): boolean => view === 'sites' || view === 'alarms' || view === 'publications';

type SitesProps = {
  readonly fleet: FleetOverview;
  readonly filter: SiteFilter;
  readonly show: (filter: SiteFilter) => void;
};

/** All sites, a page at a time, and what is on its way to them. */
export function SitesPage({ fleet, filter, show }: SitesProps) {
  const { offset = 0 } = filter;
  const path = fleetPath('sites', {}, { ...filter, offset, limit: PAGE });
  const { view: page, refusal } = useView<FleetPage<FleetSiteRow>>(path, ofSites);
  return (
    <>
      <h1 tabIndex={-1}>{summary(fleet)}</h1>
      {fleet.publications.map((publication) => (
        <PublicationLink key={publication.id} publication={publication} now={fleet.at} />
      ))}
      <Filter fleet={fleet} filter={filter} show={show} />
      <section aria-labelledby="sites" aria-busy={page === undefined && refusal === undefined}>
        <h2 id="sites">Sites</h2>
        {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
        {page?.rows.length === 0 ? <p>No site fits.</p> : null}
        <ul class="slots">
          {page?.rows.map((row) => (
            <li key={row.site}>
              <SiteLink row={row} now={fleet.at} />
            </li>
          ))}
        </ul>
        {page ? (
          <Pager
            what="sites"
            {...{ offset, size: PAGE, total: page.total }}
            show={(to) => show({ ...filter, offset: to })}
          />
        ) : null}
      </section>
    </>
  );
}

function SiteLink({ row, now }: { row: FleetSiteRow; now: number }) {
  const { word, tone } = siteWords(row.state);
  const why = whyNot(row.revision);
  return (
    <a class={`slot ${row.alarms > 0 ? 'bad' : tone}`} href={formatRoute({ at: 'site', site: row.site })}>
      <span class="row">
        <strong>{row.site}</strong> <State tone={tone} word={word} />
      </span>
      <span class="detail">
        {revisionLine(row.revision)}; {slotsLine(row.slots)}
        {imagesLine(row) === '' ? '' : `; ${imagesLine(row)}`}
        {row.alarms === 0 ? '' : `; ${row.alarms} ${row.alarms === 1 ? 'alarm' : 'alarms'}`}
      </span>
      {row.state === 'online' ? null : <span class="aside">{siteDetail(row, now)}</span>}
      {why === undefined ? null : <span class="aside">{why}</span>}
      <span class="labels">{labelsLine(row.labels)}</span>
    </a>
  );
}

function Filter({ fleet, filter, show }: SitesProps) {
  const [search, setSearch] = useState(filter.search ?? '');
  useEffect(() => {
    if (search === (filter.search ?? '')) return;
    const typed = setTimeout(() => show(changed(filter, 'search', search)), TYPED_MS);
    return () => clearTimeout(typed);
  }, [search, filter]);
  // What is still being typed counts, too.
  const set = (key: keyof SiteFilter, value: string | true | undefined): void =>
    show(changed(changed(filter, 'search', search), key, value));
  const pick = (key: 'state' | 'labels') => (event: Event) =>
    set(key, (event.currentTarget as HTMLSelectElement).value);
  const labels = Object.entries(fleet.labels).flatMap(([key, values]) => values.map((value) => `${key}=${value}`));
  const push = fleet.publications[0]?.push;
  return (
    <search>
      <form class="filter" onSubmit={(event) => event.preventDefault()} autocomplete="off">
        <label>
          Search
          <input
            {...{ type: 'search', name: 'search', autocomplete: 'off', spellcheck: false }}
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label>
          State
          <select name="state" value={filter.state ?? ''} onChange={pick('state')}>
            <option value="">All</option>
            {FLEET_SITE_STATES.map((state) => (
              <option key={state} value={state}>
                {STATE_WORDS[state]}
              </option>
            ))}
          </select>
        </label>
        <label>
          Label
          <select name="labels" value={filter.labels ?? ''} onChange={pick('labels')}>
            <option value="">All</option>
            {labels.map((label) => (
              <option key={label}>{label}</option>
            ))}
          </select>
        </label>
        <Choice label="With an alarm" isOn={filter.alarm} show={(value) => set('alarm', value)} />
        <Choice label="Not on its revision" isOn={filter.behind} show={(value) => set('behind', value)} />
        {push === undefined ? null : (
          <Choice
            label={`Without push ${push}`}
            isOn={filter.without === push || undefined}
            show={(value) => set('without', value && push)}
          />
        )}
      </form>
    </search>
  );
}

type ChoiceProps = { label: string; isOn: true | undefined; show: (isOn: true | undefined) => void };

function Choice({ label, isOn, show }: ChoiceProps) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={isOn ?? false}
        onChange={(event) => show(event.currentTarget.checked || undefined)}
      />
      {label}
    </label>
  );
}

/** Another filter begins at its first page. */
function changed(filter: SiteFilter, key: keyof SiteFilter, value: string | true | undefined): SiteFilter {
  const { offset: _from, [key]: _before, ...rest } = filter;
  return value === undefined || value === '' ? rest : { ...rest, [key]: value };
}
