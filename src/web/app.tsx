import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Feed, type Seen } from './feed.ts';
import { ActionPage } from './parts/action-page.tsx';
import { ArmPage } from './parts/arm-page.tsx';
import { Banners } from './parts/banners.tsx';
import { HomePage } from './parts/home-page.tsx';
import { SlotPage } from './parts/slot-page.tsx';
import { formatRoute, parseRoute, type Route } from './route.ts';

/** What came of the last command, until one goes somewhere else. */
type Done = { readonly sentence: string; readonly at: string };

export function App() {
  const [seen, setSeen] = useState<Seen>({ reach: {}, turn: 0 });
  const [route, setRoute] = useState<Route>(() => parseRoute(location.hash));
  const [done, setDone] = useState<Done | undefined>(undefined);
  const feed = useRef<Feed>(undefined);
  useEffect(() => {
    feed.current = new Feed(setSeen);
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const place = formatRoute(route);
  useArrival(place, route, seen.status?.site);
  const finish = useCallback((sentence: string, to: Route) => {
    setDone({ sentence, at: formatRoute(to) });
    feed.current?.refresh();
    // Not a new place to come back to: going back must not lead into a form that was sent.
    history.replaceState(null, '', formatRoute(to));
    setRoute(to);
  }, []);

  return (
    <>
      <header class="top">
        <a href="#/" class="site">
          {seen.status?.site ?? 'Slipway'}
        </a>
        <span class={`link ${seen.reach.silentSince === undefined ? 'good' : 'bad'}`}>{linkWords(seen)}</span>
      </header>
      <main>
        <Banners seen={seen} isHome={route.at === 'home'} />
        <div role="status" aria-live="polite">
          {done?.at === place ? <p class="banner good">{done.sentence}</p> : null}
        </div>
        {seen.status && seen.nodes ? <Place route={route} seen={seen} finish={finish} /> : null}
      </main>
    </>
  );
}

function Place({ route, seen, finish }: { route: Route; seen: Seen; finish: (sentence: string, to: Route) => void }) {
  const { status, nodes } = seen;
  if (!status || !nodes) return null;
  if (route.at === 'home') return <HomePage status={status} nodes={nodes} />;
  if (route.at === 'arm') return <ArmPage status={status} finish={finish} />;
  const node = nodes.nodes.find(({ slot }) => slot === route.slot);
  if (!node)
    return (
      <p>
        This site has no slot “{route.slot}” any more. <a href="#/">All slots</a>
      </p>
    );
  if (route.at === 'slot') return <SlotPage key={node.slot} node={node} status={status} turn={seen.turn} />;
  return <ActionPage key={`${node.slot}/${route.name}`} {...{ name: route.name, node, status, finish }} />;
}

function linkWords({ reach, status }: Seen): string {
  if (reach.silentSince !== undefined) return 'Not reachable';
  return status ? 'Live' : 'Connecting …';
}

/** Whoever comes to another part of the page begins at its top, with the eye and with a screen reader. */
function useArrival(place: string, route: Route, site: string | undefined): void {
  const before = useRef(place);
  useEffect(() => {
    const what = 'slot' in route ? `${route.slot} – ` : '';
    document.title = `${what}${site ?? 'Slipway'}`;
    if (before.current === place) return;
    before.current = place;
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus();
  }, [place, site]);
}
