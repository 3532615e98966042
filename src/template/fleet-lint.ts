import type { Digest } from '../kernel/digest.ts';
import type { Revision } from '../model/revision.ts';
import { type Fleet, groupFile, inFile, layersOf, parsedLayers, renderSite, siteFile, siteNames } from './fleet.ts';
import { sameHostnames } from './hostnames.ts';
import { mergeLayers } from './layers.ts';
import { Problems } from './places.ts';
import { didYouMean, sortProblems, type TemplateProblem } from './problem.ts';

/** What a fleet comes to: the revision of each site that has one, and all that is wrong. */
export type FleetOutcome = {
  readonly revisions: ReadonlyMap<string, Revision>;
  /** Of the directory as a whole, and of all sites that were rendered; the first hundred. */
  readonly problems: readonly TemplateProblem[];
};

/** Renders the sites (all, if none are named) and says all that is wrong with the directory and with them. */
export function renderFleet(
  fleet: Fleet,
  options: {
    readonly sha256: (text: string) => Digest;
    readonly sites?: readonly string[];
    /** Called before each site. */
    readonly onSite?: (site: string) => void;
  },
): FleetOutcome {
  const problems: TemplateProblem[] = [...lintDirectory(fleet)];
  const revisions = new Map<string, Revision>();
  for (const site of options.sites ?? siteNames(fleet)) {
    options.onSite?.(site);
    const rendered = renderSite(fleet, site, { number: 1, sha256: options.sha256 });
    if (rendered.ok) {
      revisions.set(site, rendered.value);
      problems.push(...lintHostnames(fleet, site, rendered.value));
    } else problems.push(...rendered.error);
    // The same fault of a wide layer comes with each site, and is said once.
    if (problems.length > 1_000) problems.splice(0, problems.length, ...sortProblems(problems));
  }
  return { revisions, problems: sortProblems(problems) };
}

/** What is wrong with the directory itself: layers that nobody uses, sites without one, layers in the wrong place. */
export function lintDirectory(fleet: Fleet): readonly TemplateProblem[] {
  const sites = siteNames(fleet);
  const groups = [...new Set(Object.values(fleet.document.sites).flatMap((site) => site.groups))];
  const problems = [...lintFiles(fleet, 'groups', groups), ...lintFiles(fleet, 'sites', sites), ...lintGroups(fleet)];
  const depths = [
    ['template.yaml', 'fleet'],
    ...groups.map((name) => [groupFile(name), 'group']),
    ...sites.map((name) => [siteFile(name), 'site']),
  ] as const;
  for (const [name, layer] of depths) problems.push(...lintLayer(fleet, name ?? '', layer ?? ''));
  if (sites.length === 0) problems.push(inFile('fleet.yaml', 'this fleet has no sites'));
  for (const site of sites) {
    const layers = layersOf(fleet, site);
    if (!layers.ok) problems.push(...layers.error);
  }
  return sortProblems(problems);
}

/** Files of a folder that no site uses. */
function lintFiles(fleet: Fleet, folder: 'groups' | 'sites', used: readonly string[]): TemplateProblem[] {
  const known = new Set(used.map((name) => (folder === 'groups' ? groupFile(name) : siteFile(name))));
  return fleet.files.names
    .filter((name) => name.startsWith(`${folder}/`) && !known.has(name))
    .map((name) => {
      const own = name.slice(folder.length + 1);
      if (own.endsWith('.yml')) return inFile(name, 'a layer is called NAME.yaml, not .yml');
      if (!own.endsWith('.yaml')) return inFile(name, 'only layers lie here; documents lie in a folder below');
      const guess = didYouMean(own.slice(0, -'.yaml'.length), used);
      const why = folder === 'groups' ? 'no site of fleet.yaml is in this group' : 'fleet.yaml has no such site';
      return inFile(name, `nobody uses this file: ${why}${guess}`);
    });
}

function lintGroups(fleet: Fleet): readonly TemplateProblem[] {
  const problems = fleet.problemsAt();
  for (const [site, { groups }] of Object.entries(fleet.document.sites))
    for (const [index, group] of groups.entries())
      if (groups.indexOf(group) !== index)
        problems.value(['sites', site, 'groups', index], `the site is in group "${group}" twice`);
  return problems.list;
}

/** A layer says itself which one it is: that must be the one that its place makes it. */
function lintLayer(fleet: Fleet, name: string, layer: string): readonly TemplateProblem[] {
  const source = fleet.source(name);
  const parsed = source.ok ? fleet.parse(source.value) : undefined;
  if (!parsed?.ok) return [];
  const metadata = childOf(childOf(parsed.value.value, 'metadata'), 'layer');
  if (metadata === layer) return [];
  const problems = new Problems(parsed.value.spots, name);
  problems.value(['metadata', 'layer'], `this file is the layer of a ${layer}: write layer: ${layer}`);
  return problems.list;
}

function lintHostnames(fleet: Fleet, site: string, revision: Revision): readonly TemplateProblem[] {
  const same = sameHostnames(revision);
  const layers = same.length > 0 ? parsedLayers(fleet, site) : undefined;
  if (!layers?.ok) return [];
  const { value, spots } = mergeLayers(layers.value);
  const problems = new Problems(spots, 'template.yaml');
  const keys = Object.keys(childOf(childOf(value, 'spec'), 'slots') ?? {});
  for (const { hostname, slots, from } of same) {
    const key = keys.find((one) => isSlotOf(one, slots[0] ?? ''));
    const names = slots.length > 3 ? `${slots.slice(0, 3).join(', ')} and ${slots.length - 3} more` : slots.join(', ');
    problems.key(
      ['spec', 'slots', ...(key === undefined ? [] : [key])],
      `${names} would all have the host name "${hostname}", by ${from}; write {{ slot.name }} there`,
    );
  }
  return problems.list;
}

function isSlotOf(key: string, slot: string): boolean {
  if (!key.includes('{n}')) return key === slot;
  const [before = '', after = ''] = key.split('{n}');
  return (
    slot.startsWith(before) &&
    slot.endsWith(after) &&
    /^\d+$/.test(slot.slice(before.length, slot.length - after.length))
  );
}

function childOf(map: unknown, key: string): unknown {
  return typeof map === 'object' && map !== null && Object.hasOwn(map, key) ? Reflect.get(map, key) : undefined;
}
