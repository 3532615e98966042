import type { Store } from '../model/store.ts';
import type { SiteQueries } from './api/routes.ts';
import type { Freezer } from './freeze.ts';
import { packageVersion } from './hub-link.ts';
import { imageEntries } from './image-desk.ts';
import type { RunningDown } from './link/down/ports.ts';
import { stateEntries } from './link/policy/state-entries.ts';

/** What the site says of itself to head office, as it is when this is asked. */
export function siteEntries(parts: {
  readonly store: Store;
  readonly queries: SiteQueries;
  readonly freezer: Freezer;
  readonly down: RunningDown;
  readonly now: () => number;
}): () => ReadonlyMap<string, unknown> {
  const { store, queries, freezer, down, now } = parts;
  const since = now();
  const version = packageVersion();
  return () => {
    const status = queries.status();
    return stateEntries({
      ...{ state: store.state, status, nodes: queries.nodes({ isTerminal: false }), version, since },
      others: { apply: down.state(), freeze: freezer.now(), images: imageEntries(status.images ?? []) },
    });
  };
}
