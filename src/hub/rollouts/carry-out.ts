import { AppError } from '../../kernel/errors.ts';
import { type PublicationSiteState, revisionKey } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { loadPlan, type Reach } from './load-plan.ts';
import { advance } from './policy/advance.ts';
import type { Effect } from './policy/plan.ts';

/** Effects of one unit: so that no unit of a large fleet keeps others waiting. The next pass does the rest. */
const MOST_EFFECTS = 400;
/** Rows of an older publication that a newer offer ends. */
export const OVERTAKEN: readonly PublicationSiteState[] = ['waiting', 'offered', 'fetched', 'trial', 'deferred'];

export type Carried = {
  /** Sites that have something new. */
  readonly rings: readonly string[];
  /** There is more to do. */
  readonly isCut: boolean;
};

/** One pass over one publication, in this unit. */
export async function pass(tx: HubTx, id: string, reach: Reach): Promise<Carried> {
  const plan = await loadPlan(tx, id, reach);
  const effects = plan ? advance(plan) : [];
  const now = cutWhole(effects);
  await carryOut(tx, id, now, reach.now);
  return {
    rings: now.flatMap((effect) => (effect.kind === 'offer' ? [effect.site] : [])),
    isCut: now.length < effects.length,
  };
}

/** Ends after a row: an offer and its row, which follows it, belong together. */
function cutWhole(effects: readonly Effect[]): readonly Effect[] {
  if (effects.length <= MOST_EFFECTS) return effects;
  const end = effects.findLastIndex((effect, i) => i < MOST_EFFECTS && effect.kind === 'row');
  return effects.slice(0, end + 1);
}

/** Writes the effects of one publication. */
export async function carryOut(tx: HubTx, id: string, effects: readonly Effect[], now: number): Promise<void> {
  for (const effect of effects) await carryOne(tx, id, effect, now);
}

async function carryOne(tx: HubTx, id: string, effect: Effect, now: number): Promise<void> {
  if (effect.kind === 'row') return tx.put('publicationSites', `${id}/${effect.row.site}`, effect.row);
  if (effect.kind === 'offer') return offer(tx, id, effect, now);
  if (effect.kind === 'withdraw') return withdraw(tx, id, effect.site);
  const { state, because, push } = effect.publication;
  await tx.put('publications', id, effect.publication);
  const detail = { push, ...(because === undefined ? {} : { because }) };
  await tx.appendAudit({ at: now, who: 'head office', action: `publish.is-${state}`, subject: id, detail });
}

async function offer(
  tx: HubTx,
  id: string,
  { site, number }: { readonly site: string; readonly number: number },
  now: number,
): Promise<void> {
  const revision = await tx.get('revisions', revisionKey(site, number));
  const before = await tx.get('desired', site);
  if (!revision)
    throw new AppError('internal', `publication ${id} offers ${site} revision ${number}, which there is not`);
  if (before && before.publication !== id) await overtake(tx, before.publication, { site, by: id, number, now });
  const { bundle, sizeBytes } = revision;
  await tx.put('desired', site, { site, number, bundle, sizeBytes, publication: id });
}

async function overtake(
  tx: HubTx,
  older: string,
  {
    site,
    by,
    number,
    now,
  }: { readonly site: string; readonly by: string; readonly number: number; readonly now: number },
): Promise<void> {
  const row = await tx.get('publicationSites', `${older}/${site}`);
  if (!row || !OVERTAKEN.includes(row.state)) return;
  const because = `publication ${by} offered it revision ${number}`;
  await tx.put('publicationSites', `${older}/${site}`, { ...row, state: 'superseded', since: now, because });
}

async function withdraw(tx: HubTx, id: string, site: string): Promise<void> {
  const row = await tx.get('desired', site);
  if (row?.publication === id) await tx.put('desired', site, { ...row, isWithdrawn: true });
}
