import type { HubTx } from '../../model/fleet/hub-store.ts';
import { OVERTAKEN } from './carry-out.ts';

/** A site is closed: what it was to have ends, in the unit of the caller. Answers with the publications that go on without it. */
export async function leave(tx: HubTx, site: string, now: number): Promise<readonly string[]> {
  const desired = await tx.get('desired', site);
  // It stays: should the site be opened again, it is never offered a lower number.
  if (desired) await tx.put('desired', site, { ...desired, isWithdrawn: true });
  const left: string[] = [];
  for (const { row: publication } of await tx.list('publications')) {
    const key = `${publication.id}/${site}`;
    const row = await tx.get('publicationSites', key);
    if (!row || !OVERTAKEN.includes(row.state)) continue;
    await tx.put('publicationSites', key, { ...row, state: 'superseded', since: now, because: 'the site was closed' });
    left.push(publication.id);
  }
  return left;
}
