import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { fleetPath } from '../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, FleetOverview } from '../../wire/api/fleet-views.ts';
import { Desk, keptToken } from './desk.ts';
import { ActPage } from './parts/act-page.tsx';
import { AlarmsPage } from './parts/alarms-page.tsx';
import { AuditPage } from './parts/audit-page.tsx';
import { LoginPage } from './parts/login-page.tsx';
import { PublicationPage } from './parts/publication-page.tsx';
import { PublicationsPage } from './parts/publications-page.tsx';
import { SitePage } from './parts/site-page.tsx';
import { SitesPage } from './parts/sites-page.tsx';
import { SlotPage } from './parts/slot-page.tsx';
import { Silence, Top } from './parts/top.tsx';
import { formatRoute, parseRoute, type Route } from './route.ts';
import { DeskContext, useView } from './use-view.ts';
import type { Reach } from './words/fleet.ts';

export function App() {
  const [token, setToken] = useState(keptToken.read);
  const [because, setBecause] = useState('');
  const leave = useCallback((why: string) => {
    keptToken.forget();
    setBecause(why);
    setToken(undefined);
  }, []);
  const enter = (found: string): void => {
    keptToken.keep(found);
    setBecause('');
    setToken(found);
  };
  return token === undefined ? (
    <LoginPage because={because} enter={enter} />
  ) : (
    <SignedIn key={token} token={token} leave={leave} />
  );
}

function SignedIn({ token, leave }: { token: string; leave: (because: string) => void }) {
  const [reach, setReach] = useState<Reach>({ isLive: false });
  const [desk, setDesk] = useState<Desk>();
  useEffect(() => {
    const made = new Desk(token, { onReach: setReach, onSignedOut: leave });
    setDesk(made);
    return () => made.close();
  }, [token, leave]);
  if (!desk) return null;
  return (
    <DeskContext.Provider value={desk}>
      <Fleet reach={reach} leave={leave} />
    </DeskContext.Provider>
  );
}

const always = (_item: FleetFeedItem): boolean => true;

function Fleet({ reach, leave }: { reach: Reach; leave: (because: string) => void }) {
  const [route, setRoute] = useState<Route>(() => parseRoute(location.hash));
  const [done, setDone] = useState<{ readonly sentence: string; readonly at: string }>();
  const { view: fleet, refusal } = useView<FleetOverview>(fleetPath('fleet'), always);
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  // Not a new place to come back to: neither a filter while it is typed, nor a form that was sent.
  const go = useCallback((to: Route, sentence?: string) => {
    history.replaceState(null, '', formatRoute(to));
    if (sentence !== undefined) setDone({ sentence, at: formatRoute(to) });
    setRoute(to);
  }, []);
  const place = formatRoute(route);
  useArrival(place, route, fleet?.hub);
  return (
    <>
      <Top fleet={fleet} reach={reach} route={route} leave={() => leave('')} />
      <main>
        <Silence reach={reach} hasSeen={fleet !== undefined} />
        {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
        <div role="status" aria-live="polite">
          {done?.at === place ? <p class="banner good">{done.sentence}</p> : null}
        </div>
        {fleet ? <Place route={route} fleet={fleet} go={go} /> : null}
      </main>
    </>
  );
}

type PlaceProps = { route: Route; fleet: FleetOverview; go: (to: Route, sentence?: string) => void };

function Place({ route, fleet, go }: PlaceProps) {
  switch (route.at) {
    case 'sites':
      return <SitesPage fleet={fleet} filter={route.filter} show={(filter) => go({ at: 'sites', filter })} />;
    case 'site':
      return <SitePage key={route.site} site={route.site} />;
    case 'slot':
      return <SlotPage key={`${route.site}/${route.slot}`} site={route.site} slot={route.slot} />;
    case 'publications':
      return <PublicationsPage now={fleet.at} />;
    case 'publication':
      return <PublicationPage key={route.publication} publication={route.publication} fleet={fleet} />;
    case 'act':
      return <ActPage key={formatRoute(route)} publication={route.publication} act={route.act} fleet={fleet} go={go} />;
    case 'alarms':
      return <AlarmsPage now={fleet.at} />;
    case 'audit':
      return <AuditPage now={fleet.at} />;
  }
}

/** Whoever comes to another part of the page begins at its top, with the eye and with a screen reader. */
function useArrival(place: string, route: Route, hub: string | undefined): void {
  // A filter is no other part.
  const part = route.at === 'sites' ? '#/' : place;
  const before = useRef(part);
  useEffect(() => {
    document.title = [titleOf(route), hub ?? 'Slipway head office'].filter((text) => text !== '').join(' – ');
    if (before.current === part) return;
    before.current = part;
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus();
  }, [part, hub]);
}

function titleOf(route: Route): string {
  if (route.at === 'slot') return `${route.slot}, ${route.site}`;
  if (route.at === 'site') return route.site;
  return 'publication' in route ? `Publication ${route.publication}` : '';
}
