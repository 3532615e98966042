import type { PublicationSite, PublicationSiteState } from '../../../model/fleet/hub-rows.ts';
import { count, isCanaryMoving, isMoving, type Plan } from './plan.ts';

/** A sentence; with `until`, the time that belongs at its end. */
export type Why = { readonly because: string; readonly until?: number };

/** Why the site of this row has not its revision in force: the first rule that blocks. undefined: it has. */
export function explainRow(plan: Plan, row: PublicationSite): Why | undefined {
  const own = OWN[row.state];
  if (own === 'in force') return undefined;
  if (own !== undefined) return { because: row.because === undefined ? own : `${own}: ${row.because}` };
  if (row.state === 'offered')
    return {
      because: plan.isReachable(row.site)
        ? 'is offered; the site fetches it with its next poll'
        : 'is offered, and the site is silent: it gets it when it comes back',
    };
  return explainWaiting(plan, row);
}

/** What the state of the row itself says; missing: the publication does. */
const OWN: Readonly<Partial<Record<PublicationSiteState, string>>> = {
  confirmed: 'in force',
  fetched: 'is fetched; the site fetches its files and checks it',
  trial: 'is on trial',
  deferred: 'waits: the store takes no new revision now',
  reverted: 'was tried and taken back by the site itself',
  refused: 'was refused by the site',
  superseded: 'is out',
};

function explainWaiting(plan: Plan, row: PublicationSite): Why {
  const { id, state, because } = plan.publication;
  const reason = because === undefined ? '' : `: ${because}`;
  if (state === 'paused') return { because: `waits: publication ${id} is paused${reason}` };
  if (state === 'halted') return { because: `waits: publication ${id} is halted${reason}. Resume it, or roll it back` };
  if (state === 'aborted') return { because: `is not offered: publication ${id} was aborted${reason}` };
  if (state === 'rolling-back' && row.isCanary) return { because: 'waits: the sites that came first go back last' };
  return explainPublication(plan) ?? { because: 'is about to be offered' };
}

/** Why the publication is not at its end; undefined: it is, or goes on at once. */
export function explainPublication(plan: Plan): Why | undefined {
  const { publication, rows } = plan;
  const { state, rules, since, because } = publication;
  if (state === 'canary') return explainCanaries(plan);
  if (state === 'soaking') return { because: 'waits: the sites that come first soak', until: since + rules.soakMs };
  if (state === 'paused' || state === 'halted')
    return { because: `is ${state}${because === undefined ? '' : `: ${because}`}` };
  const moving = rows.filter((row) => isMoving(plan, row));
  if ((state === 'all' || state === 'rolling-back') && moving.length > 0)
    return { because: `waits: ${count(moving.length)} ${moving.length === 1 ? 'is' : 'are'} under way` };
  return undefined;
}

function explainCanaries(plan: Plan): Why {
  const canaries = plan.rows.filter((row) => row.isCanary);
  const confirmed = canaries.filter((row) => row.state === 'confirmed').length;
  const moving = canaries.filter((row) => isCanaryMoving(plan, row));
  const silent = moving.find((row) => !plan.isReachable(row.site));
  const first = `waits: the sites that come first, ${confirmed} of ${canaries.length} confirmed`;
  if (silent) return { because: `${first}; ${silent.site} fell silent while it tried it` };
  if (moving.length > 0 || confirmed > 0) return { because: first };
  return { because: `${first}, and none of them can take it now: it goes on when one has confirmed it` };
}
