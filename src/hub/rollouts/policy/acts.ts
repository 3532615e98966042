import { err, ok, type Result } from '../../../kernel/result.ts';
import type { Publication, PublicationSite } from '../../../model/fleet/hub-rows.ts';
import type { PublicationAct } from '../../../wire/api/fleet-views.ts';
import { PUBLICATION_ACTS } from '../../../wire/api/fleet-views.ts';
import { enter } from './advance.ts';
import { type Effect, FAILED, isOffered, type Plan } from './plan.ts';
import { nextState } from './publication-machine.ts';

/** What a person may do with it now. */
export function possibleActs(publication: Publication): readonly PublicationAct[] {
  return PUBLICATION_ACTS.filter((act) => nextState(publication, act) !== undefined);
}

/**
 * What a person's word writes; what follows from it is found by the next `advance`.
 * @param backs the number of the former content of each site, signed ahead
 */
export function actOn(
  plan: Plan,
  act: PublicationAct,
  {
    by,
    because,
    backs,
  }: { readonly by: string; readonly because?: string; readonly backs: ReadonlyMap<string, number> },
): Result<readonly Effect[], string> {
  const { publication, rows, now } = plan;
  const why = because === undefined ? `${act} by ${by}` : `${act} by ${by}: ${because}`;
  const next = enter(publication, act, now, why);
  if (!next) return err(whyNot(publication, act));
  const failed = rows.filter((row) => FAILED.includes(row.state)).length;
  const known = act === 'resume' && publication.state === 'halted' ? { ...next, forgiven: failed } : next;
  const back = act === 'rollback' ? rows.flatMap((row) => takeBack(plan, row, backs.get(row.site))) : [];
  return ok([{ kind: 'publication', publication: known }, ...back]);
}

function whyNot(publication: Publication, act: PublicationAct): string {
  const acts = possibleActs(publication);
  const can = acts.length === 0 ? 'nothing more can be done with it' : `what can be done is: ${acts.join(', ')}`;
  return `publication ${publication.id} is ${publication.state}, so ${act} is not possible; ${can}`;
}

/** The row with the number that has the former content; who never had the new one, or has gone back alone, keeps what he has. */
function takeBack(plan: Plan, row: PublicationSite, back: number | undefined): readonly Effect[] {
  if (row.state === 'superseded' || FAILED.includes(row.state)) return [];
  const { now } = plan;
  const hadIt = isOffered(plan, row) || (row.state !== 'waiting' && row.state !== 'offered');
  if (!hadIt) return [leave(row, now, 'it was taken back before this site was offered it')];
  if (back !== undefined) {
    const { because: _former, ...rest } = row;
    return [{ kind: 'row', row: { ...rest, number: back, state: 'waiting', since: now } }];
  }
  const because = 'nothing was in force here before, so there is nothing to go back to';
  if (row.state === 'confirmed') return [{ kind: 'row', row: { ...row, because } }];
  return [{ kind: 'withdraw', site: row.site }, leave(row, now, because)];
}

function leave(row: PublicationSite, now: number, because: string): Effect {
  return { kind: 'row', row: { ...row, state: 'superseded', since: now, because } };
}
