import type { Revision } from '../model/revision.ts';
import { type Change, diffRevisions } from './diff.ts';
import { type PlanWarning, warningsOf } from './warnings.ts';

/** Sites for which the very same changes. In its texts `{site}` stands for the name of each. */
export type PlanGroup = {
  readonly sites: readonly string[];
  readonly changes: readonly Change[];
  readonly warnings: readonly PlanWarning[];
};

type Content = Omit<Revision, 'number' | 'digest'>;
/** A site whose revision changes. `also`: warnings that are known beside it. */
export type PlannedSite = {
  readonly site: string;
  readonly before: Content;
  readonly after: Content;
  readonly also?: readonly PlanWarning[];
};

/** What changes, each difference once with the sites that have it; the most sites first. Three thousand sites are readable so. */
export function planGroups(sites: Iterable<PlannedSite>): readonly PlanGroup[] {
  const groups = new Map<string, { group: Omit<PlanGroup, 'sites'>; sites: string[] }>();
  for (const one of sites) {
    const group = unnamed(one);
    const key = JSON.stringify(group);
    const known = groups.get(key);
    if (known) known.sites.push(one.site);
    else groups.set(key, { group, sites: [one.site] });
  }
  return [...groups.values()]
    .map(({ group, sites }) => ({ sites, ...group }))
    .sort((a, b) => b.sites.length - a.sites.length || (a.sites.join() < b.sites.join() ? -1 : 1));
}

/** The changes of one site without its name, so that they can be those of another. */
function unnamed({ site, before, after, also = [] }: PlannedSite): Omit<PlanGroup, 'sites'> {
  const bare = (text: string): string => text.replaceAll(site, '{site}');
  return {
    changes: diffRevisions(before, after).map((change) => ({
      path: bare(change.path),
      before: change.before.map(bare),
      after: change.after.map(bare),
    })),
    warnings: [...warningsOf(before, after), ...also].map(({ weight, text }) => ({ weight, text: bare(text) })),
  };
}
