import type { PlanGroup } from '../template/plan.ts';
import type { Plan } from './plan.ts';

/** A plan for people: each difference once, with the sites that have it, then the counts. */
export function formatPlan({ changed, fresh, secretsOnly, pushed, unchanged, cannot }: Plan): string {
  const counts = [
    [changed.reduce((sum, { sites }) => sum + sites.length, 0), 'changed'],
    [fresh.length, 'new'],
    [secretsOnly.length, 'with other secrets only'],
    [unchanged.length, 'unchanged'],
    [cannot.length, 'left out'],
  ] as const;
  const told = counts
    .filter(([count, word]) => count > 0 || word === 'changed')
    .map(([count, word]) => `${count} ${word}`);
  return [
    ...changed.map(formatGroup),
    ...(fresh.length > 0 ? [`${sitesText(fresh)}\n  gets its first revision\n`] : []),
    ...(secretsOnly.length > 0 ? [`${sitesText(secretsOnly)}\n  only secrets change\n`] : []),
    ...cannot.map(({ site, because }) => `${site}\n  is left out: ${because}\n`),
    `${told.join(', ')}\n`,
    ...(pushed.length > 0 ? [`${sitesText(pushed)}: the newest push has this already; publish it\n`] : []),
  ].join('\n');
}

function formatGroup({ sites, changes, warnings }: PlanGroup): string {
  const lines = changes.flatMap(({ path, before, after }) => [
    `  ${path}`,
    ...before.map((line) => `    - ${line}`),
    ...after.map((line) => `    + ${line}`),
    ...(before.length + after.length === 0 ? ['    (lines change places)'] : []),
  ]);
  const marks = warnings.map(({ weight, text }) => `  ${weight === 'high' ? '!!' : '!'} ${text}`);
  return `${[sitesText(sites), ...lines, ...marks].join('\n')}\n`;
}

function sitesText(sites: readonly string[]): string {
  const named = sites.length > 5 ? `${sites.slice(0, 4).join(', ')} and ${sites.length - 4} more` : sites.join(', ');
  return sites.length === 1 ? named : `${sites.length} sites: ${named}`;
}
