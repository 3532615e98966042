import { type DesiredRevision, type Publication, revisionKey } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { OFFERING_STATES } from './policy/plan.ts';

/** What a site that has accepted `highest` (0: none) is to have now; undefined: nothing else than what it has. */
export async function findDesired(tx: HubTx, site: string, highest: number): Promise<DesiredRevision | undefined> {
  const row = await tx.get('desired', site);
  const publication = row && (await tx.get('publications', row.publication));
  // Also while the offers of a halt are still being taken back.
  const isOffered = row && !row.isWithdrawn && publication && (await isGiven(tx, row, publication));
  if (isOffered) return row.number >= highest ? row : undefined;
  // A box without anything in a store whose newest is held back: it gets what was confirmed there before.
  return highest === 0 ? newestConfirmed(tx, site) : undefined;
}

/** What it took while it was offered, it may fetch to the end. */
async function isGiven(tx: HubTx, { site }: DesiredRevision, publication: Publication): Promise<boolean> {
  if (OFFERING_STATES.includes(publication.state)) return true;
  const row = await tx.get('publicationSites', `${publication.id}/${site}`);
  return row !== undefined && ['fetched', 'trial', 'deferred', 'confirmed'].includes(row.state);
}

/** The newest revision of this site that it confirmed once, or that a publication to the end has brought to all others. */
async function newestConfirmed(tx: HubTx, site: string): Promise<DesiredRevision | undefined> {
  const rows = (await tx.list('publications')).map(({ row }) => row);
  for (const { id, state } of rows.sort((a, b) => number(b.id) - number(a.id))) {
    const row = await tx.get('publicationSites', `${id}/${site}`);
    // To the end means: all others have it. What this very site has taken back, it does not get.
    const isGood =
      row?.state === 'confirmed' || (state === 'done' && (row?.state === 'waiting' || row?.state === 'offered'));
    if (!row || !isGood) continue;
    const revision = await tx.get('revisions', revisionKey(site, row.number));
    if (!revision) continue;
    const { bundle, sizeBytes } = revision;
    return { site, number: row.number, bundle, sizeBytes, publication: id };
  }
  return undefined;
}

function number(id: string): number {
  return Number(id.slice(1));
}
