import { type FleetSite, type Publication, type PublicationSite, revisionKey } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { ImageCount, SlotCount } from '../../wire/api/fleet-views.ts';
import { idNumber } from './paging.ts';
import { countImages, countSlots, readState } from './read-state.ts';
import type { Change } from './watched-store.ts';

/** What a list of thousands of sites is made from. */
export type IndexedSite = {
  readonly site: FleetSite;
  /** In force there, by its own newest word; 0: none. */
  readonly number: number;
  /** The push that it came with. */
  readonly push?: string;
  readonly slots: SlotCount;
  readonly images?: ImageCount;
  /** The newest publication that is to bring it something, and how far that is. */
  readonly row?: PublicationSite;
  /** A box that stands aside: since when, and when it was heard. */
  readonly fork?: { readonly since: number; readonly lastAt: number };
  /** When the box that speaks for it came. */
  readonly speaksSince?: number;
};

/** Sites that are read side by side: what is asked in one turn travels together. */
const TOGETHER = 50;

/** Tables whose keys begin with the name of a site, and count here. */
const OF_SITES: readonly Change['table'][] = ['sites', 'sessions', 'states', 'desired'];

/**
 * One line per site in memory, read anew only where the store was written: so that a page that looks at three thousand sites
 * costs little more than what changed since.
 */
export class FleetIndex {
  readonly #store: HubStore;
  readonly #sites = new Map<string, IndexedSite>();
  #dirty = new Set<string>();
  #isComplete = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(store: HubStore) {
    this.#store = store;
  }

  /** These rows were written. */
  note(changes: readonly Change[]): void {
    for (const { table, key } of changes) {
      const [first = '', second = ''] = key.split('/');
      if (OF_SITES.includes(table)) this.#dirty.add(first);
      if (table === 'publicationSites') this.#dirty.add(second);
      // Its state decides which of its rows count.
      if (table === 'publications') for (const name of this.#sites.keys()) this.#dirty.add(name);
    }
  }

  /** All sites by name, as the store has them now. */
  sites(): Promise<ReadonlyMap<string, IndexedSite>> {
    const turn = this.#reading.then(() => this.#refresh());
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(): Promise<ReadonlyMap<string, IndexedSite>> {
    // Taken before the look begins: what is written meanwhile is looked at next time.
    const dirty = this.#dirty;
    this.#dirty = new Set();
    try {
      if (!this.#isComplete || dirty.size > 0) await this.#store.read((tx) => this.#read(tx, dirty));
    } catch (error) {
      for (const name of dirty) this.#dirty.add(name);
      throw error;
    }
    return this.#sites;
  }

  async #read(tx: HubTx, dirty: ReadonlySet<string>): Promise<void> {
    const publications = (await tx.list('publications')).map(({ row }) => row);
    const newest = publications.sort((a, b) => idNumber(b.id) - idNumber(a.id));
    const names = this.#isComplete ? dirty : new Set((await tx.list('sites')).map(({ key }) => key));
    const all = [...names];
    for (let i = 0; i < all.length; i += TOGETHER) {
      const found = await Promise.all(all.slice(i, i + TOGETHER).map((name) => readIfThere(tx, name, newest)));
      for (const { name, site } of found) {
        if (site) this.#sites.set(name, site);
        else this.#sites.delete(name);
      }
    }
    this.#isComplete = true;
  }
}

async function readIfThere(
  tx: HubTx,
  name: string,
  newest: readonly Publication[],
): Promise<{ readonly name: string; readonly site: IndexedSite | undefined }> {
  const site = await tx.get('sites', name);
  return { name, site: site && (await readSite(tx, site, newest)) };
}

async function readSite(tx: HubTx, site: FleetSite, newest: readonly Publication[]): Promise<IndexedSite> {
  const states = await tx.list('states', { prefix: `${site.name}/s` });
  const sessions = (await tx.list('sessions', { prefix: `${site.name}/` })).map(({ row }) => row);
  const aside = sessions.filter(({ standing }) => standing === 'quarantined').sort((a, b) => b.lastAt - a.lastAt)[0];
  const speaks = sessions.find(({ standing }) => standing === 'current');
  const ofImages = await tx.get('states', `${site.name}/images`);
  const number = readState(states, site.name).site?.number ?? site.confirmedNumber;
  const images = ofImages && countImages(readState([{ key: `${site.name}/images`, row: ofImages }], site.name).images);
  const revision = number === 0 ? undefined : await tx.get('revisions', revisionKey(site.name, number));
  const row = await wantedRow(tx, site.name, newest);
  return {
    ...{ site, number, slots: countSlots(states, site.name) },
    ...(images && { images }),
    ...(revision && { push: revision.push }),
    ...(row && { row }),
    ...(aside && { fork: { since: aside.firstAt, lastAt: aside.lastAt } }),
    ...(speaks && { speaksSince: speaks.firstAt }),
  };
}

/** Publications that are looked through for a site: older ones decide nothing any more. */
const MOST_LOOKED_AT = 30;

async function wantedRow(
  tx: HubTx,
  site: string,
  newest: readonly Publication[],
): Promise<PublicationSite | undefined> {
  for (const { id, state } of newest.slice(0, MOST_LOOKED_AT)) {
    const row = await tx.get('publicationSites', `${id}/${site}`);
    if (!row || row.state === 'superseded') continue;
    const isNeverOffered = row.state === 'waiting' && (state === 'aborted' || state === 'rolled-back');
    if (!isNeverOffered) return row;
  }
  return undefined;
}
