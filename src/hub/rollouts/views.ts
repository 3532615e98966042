import type { Publication, PublicationSite } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { PublicationCounts, PublicationSiteView, PublicationView } from '../../wire/api/fleet-views.ts';
import { planOf, type Reach } from './load-plan.ts';
import { possibleActs } from './policy/acts.ts';
import { explainPublication, explainRow, type Why } from './policy/explain.ts';
import { FAILED, isMoving, type Plan } from './policy/plan.ts';

/** What people see of a publication. */
export async function publicationView(tx: HubTx, publication: Publication, reach: Reach): Promise<PublicationView> {
  return viewOf(tx, await planOf(tx, publication, reach));
}

/** All its sites: what needs a person first, then what is under way, each by name. */
export async function publicationSites(
  tx: HubTx,
  publication: Publication,
  reach: Reach,
): Promise<readonly PublicationSiteView[]> {
  const plan = await planOf(tx, publication, reach);
  const weight = (row: PublicationSite): number => (FAILED.includes(row.state) ? 0 : isMoving(plan, row) ? 1 : 2);
  return [...plan.rows].sort((a, b) => weight(a) - weight(b)).map((row) => siteView(plan, row));
}

/** Says for any site how far it is with this publication; the plan is read once. */
export async function siteExplainer(
  tx: HubTx,
  publication: Publication,
  reach: Reach,
): Promise<(site: string) => PublicationSiteView | undefined> {
  const plan = await planOf(tx, publication, reach);
  const rows = new Map(plan.rows.map((row) => [row.site, row]));
  return (site) => {
    const row = rows.get(site);
    return row && siteView(plan, row);
  };
}

async function viewOf(tx: HubTx, plan: Plan): Promise<PublicationView> {
  const { publication } = plan;
  const { forgiven: _known, resumeTo: _to, because, ...rest } = publication;
  const push = await tx.get('pushes', publication.push);
  const why = because ?? say(explainPublication(plan));
  const { state, since, rules } = publication;
  return {
    ...rest,
    comment: push?.comment ?? '',
    ...(why === undefined ? {} : { because: why }),
    ...(state === 'soaking' && { soakEndsAt: since + rules.soakMs }),
    acts: possibleActs(publication),
    counts: countRows(plan),
  };
}

function siteView(plan: Plan, row: PublicationSite): PublicationSiteView {
  const { site, number, isCanary, state, since } = row;
  const because = state === 'confirmed' ? row.because : say(explainRow(plan, row));
  return {
    ...{ site, number, isCanary, state, since, isUnreachable: isUnreachable(plan, row) },
    ...(because === undefined ? {} : { because }),
  };
}

function isUnreachable({ isReachable }: Plan, { state, site }: PublicationSite): boolean {
  return GOES_ON.includes(state) && !isReachable(site);
}
const GOES_ON: readonly PublicationSite['state'][] = ['waiting', 'offered', 'fetched', 'trial', 'deferred'];
const UNDER_WAY: readonly PublicationSite['state'][] = ['offered', 'fetched', 'trial'];

function countRows(plan: Plan): PublicationCounts {
  const count = (is: (row: PublicationSite) => boolean): number => plan.rows.filter(is).length;
  const heard = (row: PublicationSite): boolean => !isUnreachable(plan, row);
  return {
    sites: plan.rows.length,
    canaries: count((row) => row.isCanary),
    confirmed: count((row) => row.state === 'confirmed'),
    failed: count((row) => FAILED.includes(row.state)),
    unreachable: count((row) => !heard(row)),
    deferred: count((row) => row.state === 'deferred' && heard(row)),
    underWay: count((row) => UNDER_WAY.includes(row.state) && heard(row)),
    waiting: count((row) => row.state === 'waiting' && heard(row)),
    superseded: count((row) => row.state === 'superseded'),
  };
}

/** Of a time in a sentence for everybody everywhere: UTC, and it says so. */
function say(why: Why | undefined): string | undefined {
  if (why?.until === undefined) return why?.because;
  return `${why.because} until ${new Date(why.until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
