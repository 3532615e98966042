import type { DesiredRevision, FleetSite, Publication, PublicationSite } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { Plan } from './policy/plan.ts';

/** How long a site may be silent until nobody waits for it; three of its longest waits. */
export type Reach = { readonly now: number; readonly silentAfterMs: number };

/** Reading single rows is cheaper than reading whole tables up to here. */
const FEW = 50;

/** All that decides how this publication goes on; undefined: there is none of this id. */
export async function loadPlan(tx: HubTx, id: string, reach: Reach): Promise<Plan | undefined> {
  const publication = await tx.get('publications', id);
  return publication && planOf(tx, publication, reach);
}

export async function planOf(tx: HubTx, publication: Publication, { now, silentAfterMs }: Reach): Promise<Plan> {
  const rows = (await tx.list('publicationSites', { prefix: `${publication.id}/` })).map(({ row }) => row);
  const { sites, offers } = rows.length <= FEW ? await readSingly(tx, rows) : await readAll(tx);
  const isReachable = (name: string): boolean => now - (sites.get(name)?.lastHeardAt ?? 0) < silentAfterMs;
  return { publication, rows, offers, isReachable, now };
}

type Known = {
  readonly sites: ReadonlyMap<string, FleetSite>;
  readonly offers: ReadonlyMap<string, DesiredRevision>;
};

async function readSingly(tx: HubTx, rows: readonly PublicationSite[]): Promise<Known> {
  const sites = new Map<string, FleetSite>();
  const offers = new Map<string, DesiredRevision>();
  for (const { site } of rows) {
    const known = await tx.get('sites', site);
    const offer = await tx.get('desired', site);
    if (known) sites.set(site, known);
    if (offer) offers.set(site, offer);
  }
  return { sites, offers };
}

async function readAll(tx: HubTx): Promise<Known> {
  const sites = await tx.list('sites');
  const offers = await tx.list('desired');
  return {
    sites: new Map(sites.map(({ key, row }) => [key, row])),
    offers: new Map(offers.map(({ key, row }) => [key, row])),
  };
}
