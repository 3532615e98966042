import type { HubClient } from '../adapters/http/hub-client.ts';
import { type PlanGroup, type PlannedSite, planGroups } from '../template/plan.ts';
import type { RevisionContent } from '../wire/link/verify-bundle.ts';
import { inParallel } from './in-parallel.ts';
import { type Candidate, fetchBundle, type Survey } from './survey.ts';

/** What a push would change. Sites that get their first revision are named, not shown: all of it is new. */
export type Plan = {
  readonly changed: readonly PlanGroup[];
  readonly fresh: readonly string[];
  /** Only their secrets change, or were sealed anew. */
  readonly secretsOnly: readonly string[];
  /** Waits in the newest push; it is counted above, too. */
  readonly pushed: readonly string[];
  readonly unchanged: readonly string[];
  readonly cannot: Survey['cannot'];
};

/** Compares each candidate with the revision that its site has confirmed. */
export async function planOf({ candidates, unchanged, cannot }: Survey, client: HubClient): Promise<Plan> {
  const fresh = candidates.filter(({ known }) => !known.inForce);
  const differing = candidates.filter(
    ({ known, revision }) => known.inForce && known.inForce.content !== revision.digest,
  );
  const same = candidates.filter((one) => !fresh.includes(one) && !differing.includes(one));
  const planned: PlannedSite[] = [];
  await inParallel(differing, 8, async (one) => {
    const bundle = await fetchBundle(client, one.site, one.known.inForce?.number ?? 0);
    planned.push(plannedOf(one, JSON.parse(bundle.content) as RevisionContent));
  });
  planned.sort((a, b) => (a.site < b.site ? -1 : 1));
  return {
    changed: planGroups(planned),
    ...{ fresh: namesOf(fresh), secretsOnly: namesOf(same), unchanged, cannot },
    pushed: namesOf(candidates.filter(({ isPushed }) => isPushed)),
  };
}

function plannedOf({ site, revision, unset }: Candidate, before: RevisionContent): PlannedSite {
  const also = unset.map((name) => ({
    weight: 'medium' as const,
    text: `no push has a value for secret ${name}: give it with --secrets, or the store keeps its own`,
  }));
  return { site, before, after: revision, also };
}

function namesOf(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ site }) => site);
}
