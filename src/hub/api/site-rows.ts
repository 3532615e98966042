import type { FleetAlarm, Publication } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { FleetRevision, FleetSiteRow, FleetSiteState, PublicationSiteView } from '../../wire/api/fleet-views.ts';
import type { PublicationDesk } from './desks.ts';
import type { FleetIndex, IndexedSite } from './fleet-index.ts';

export type SiteRowDeps = {
  readonly index: FleetIndex;
  readonly publications: PublicationDesk;
  /** A site that was not heard for so long is silent. */
  readonly silentAfterMs: number;
  readonly now: () => number;
};

/** A copy that said nothing for so long is gone. */
const FORKED_FOR_MS = 86_400_000;

/** A site without what costs to find out: why it is not on its revision. */
export type PlainRow = FleetSiteRow & { readonly isBehind: boolean };

/** All sites, by name. */
export async function plainRows(tx: HubTx, { index, now, silentAfterMs }: SiteRowDeps): Promise<readonly PlainRow[]> {
  const sites = await index.sites();
  const alarms = countAlarms((await tx.list('alarms')).map(({ row }) => row));
  const pushes = new Map((await tx.list('publications')).map(({ key, row }) => [key, row]));
  const at = now();
  return [...sites.values()]
    .sort((a, b) => (a.site.name < b.site.name ? -1 : 1))
    .map((one) => plainRow(one, { pushes, at, silentAfterMs, alarms: alarms.get(one.site.name) ?? 0 }));
}

/** The same with why each is not on its revision; each publication is read once. */
export async function explained(
  tx: HubTx,
  { publications }: SiteRowDeps,
  rows: readonly PlainRow[],
): Promise<readonly FleetSiteRow[]> {
  const explainers = new Map<string, (site: string) => PublicationSiteView | undefined>();
  const shown: FleetSiteRow[] = [];
  for (const { isBehind, ...row } of rows) {
    const id = isBehind ? row.revision.wanted?.publication : undefined;
    const publication = id === undefined || explainers.has(id) ? undefined : await tx.get('publications', id);
    if (publication) explainers.set(publication.id, await publications.explainer(tx, publication));
    const because = explainers.get(id ?? '')?.(row.site)?.because;
    shown.push(because === undefined ? row : { ...row, revision: { ...row.revision, because } });
  }
  return shown;
}

function plainRow(
  indexed: IndexedSite,
  {
    pushes,
    alarms,
    ...when
  }: { pushes: ReadonlyMap<string, Publication>; alarms: number; at: number; silentAfterMs: number },
): PlainRow {
  const { site, slots, images } = indexed;
  const revision = revisionOf(indexed, pushes);
  const { wanted } = revision;
  return {
    ...{ site: site.name, labels: site.labels, slots, alarms, revision },
    ...(images && { images }),
    ...standing(indexed, when),
    ...(site.version === undefined ? {} : { version: site.version }),
    ...(site.lastHeardAt === undefined ? {} : { lastHeardAt: site.lastHeardAt }),
    isBehind: wanted !== undefined && wanted.number !== revision.number,
  };
}

function revisionOf({ number, push, row }: IndexedSite, pushes: ReadonlyMap<string, Publication>): FleetRevision {
  const wantedPush = row && pushes.get(row.publication)?.push;
  return {
    number,
    ...(push === undefined ? {} : { push }),
    ...(row && wantedPush !== undefined
      ? {
          wanted: { number: row.number, push: wantedPush, publication: row.publication },
          ...{ state: row.state, since: row.since },
        }
      : {}),
  };
}

function standing(
  { site, fork, speaksSince }: IndexedSite,
  { at, silentAfterMs }: { readonly at: number; readonly silentAfterMs: number },
): { readonly state: FleetSiteState; readonly since: number } {
  const { lastHeardAt, createdAt } = site;
  if (site.state === 'retired') return { state: 'retired', since: lastHeardAt ?? createdAt };
  if (lastHeardAt === undefined) return { state: 'invited', since: createdAt };
  if (fork && at - fork.lastAt < FORKED_FOR_MS) return { state: 'forked', since: fork.since };
  if (at - lastHeardAt >= silentAfterMs) return { state: 'silent', since: lastHeardAt };
  return { state: 'online', since: speaksSince ?? lastHeardAt };
}

function countAlarms(alarms: readonly FleetAlarm[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { site } of alarms) if (site !== undefined) counts.set(site, (counts.get(site) ?? 0) + 1);
  return counts;
}
