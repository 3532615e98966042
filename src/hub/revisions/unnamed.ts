import type { Digest } from '../../kernel/digest.ts';
import { revisionKey, type SiteRevision } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';

type Unnamed = Pick<SiteRevision, 'site' | 'number' | 'bundle'>;

const PREFIX = 'unnamed/';
/** A unit keeps all others waiting, so a large push is swept in pieces. */
const PER_UNIT = 200;

/** The mark, in `meta`, of a bundle that is on disk before the row that will name it. */
export function unnamedKey(bundle: Digest): string {
  return `${PREFIX}${bundle}`;
}

/** To be written in the unit that writes the bundle; the unit that writes its row takes it away. */
export async function noteUnnamed(tx: HubTx, { site, number, bundle }: Unnamed): Promise<void> {
  await tx.put('meta', unnamedKey(bundle), { site, number, bundle } satisfies Unnamed);
}

/** Deletes the bundles of pushes that ended before their rows were written; answers how many. While none is taken in. */
export async function sweepUnnamed(store: HubStore): Promise<number> {
  for (let swept = 0; ; ) {
    const marks = await store.work((tx) => sweepSome(tx));
    swept += marks;
    if (marks < PER_UNIT) return swept;
  }
}

async function sweepSome(tx: HubTx): Promise<number> {
  const marks = await tx.list('meta', { prefix: PREFIX, limit: PER_UNIT });
  for (const { key, row } of marks) {
    const { site, number, bundle } = row as Unnamed;
    // The same push once more, of which an earlier try was refused, has made a row of it.
    if ((await tx.get('revisions', revisionKey(site, number)))?.bundle !== bundle) await tx.deleteBlob(bundle);
    await tx.delete('meta', key);
  }
  return marks.length;
}
