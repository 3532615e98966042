import { describe, expect, test } from 'vitest';
import { fleetOf, retailFiles } from '../../test/support/sample-fleet.ts';
import { sha256 } from '../../test/support/sample-template.ts';
import { formatPlan } from '../cli/plan-view.ts';
import type { Revision } from '../model/revision.ts';
import { diffLines } from './diff-lines.ts';
import { renderFleet } from './fleet-lint.ts';
import { type PlanGroup, planGroups } from './plan.ts';

type Files = Record<string, string>;
const files = retailFiles();

function revisionsOf(changes: Files): ReadonlyMap<string, Revision> {
  const { revisions, problems } = renderFleet(fleetOf({ ...files, ...changes }), { sha256 });
  expect(problems).toEqual([]);
  return revisions;
}

function planOf(changes: Files): readonly PlanGroup[] {
  const before = revisionsOf({});
  const sites = [...revisionsOf(changes)].flatMap(([site, after]) => {
    const old = before.get(site);
    return old && old.digest !== after.digest ? [{ site, before: old, after }] : [];
  });
  return planGroups(sites);
}

/** One file of the fleet with a text replaced. */
function edit(name: string, from: string, to: string): Files {
  const text = files[name] ?? '';
  if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
  return { [name]: text.replace(from, to) };
}

test('the golden plan of a release: each difference once, with the sites that have it', () => {
  const changed = planOf({
    ...edit('template.yaml', 'dns: [+1, 9.9.9.9]', 'dns: [+1, 1.1.1.1]'),
    ...edit('documents/till.yaml', 'number={{ slot.n }}', 'till={{ slot.n }} of {{ site.name }}'),
    ...edit('sites/store-0418.yaml', 'tills: 4', 'tills: 3'),
  });
  const rest = { fresh: ['store-0902'], secretsOnly: [], pushed: [], unchanged: ['store-0903'] };
  const cannot = [{ site: 'store-0904', because: 'head office does not know it' }];
  expect(`\n${formatPlan({ changed, ...rest, cannot })}`).toBe(`
store-0417
  networks.nodes.dns
    - 10.20.17.1, 9.9.9.9
    + 10.20.17.1, 1.1.1.1
  slots pos-1, pos-2: documents.user-data
    -       number={n}
    +       till={n} of {site}

store-0418
  networks.nodes.dns
    - 10.20.18.1, 9.9.9.9
    + 10.20.18.1, 1.1.1.1
  slots pos-1, pos-2, pos-3: documents.user-data
    -       number={n}
    +       till={n} of {site}
  slot pos-4
    - till (live, amd64)
  !! pos-4 vanishes: a machine there becomes an unknown one

store-0901
  slots pos-1, pos-2: documents.user-data
    -       number={n}
    +       till={n} of {site}

store-0902
  gets its first revision

store-0904
  is left out: head office does not know it

3 changed, 1 new, 1 unchanged, 1 left out
`);
});

describe('warnings', () => {
  const warned = (changes: Files): readonly string[] =>
    planOf(changes).flatMap(({ sites, warnings }) =>
      warnings.map(({ weight, text }) => `${sites[0]} ${weight}: ${text}`),
    );

  test.each<[string, Files, string]>([
    [
      'a slot that vanishes',
      edit('sites/store-0418.yaml', 'tills: 4', 'tills: 2'),
      'store-0418 high: pos-3, pos-4 vanish: a machine there becomes an unknown one',
    ],
    [
      'an installed slot',
      edit('documents/edge.yaml', 'tries: 10', 'tries: 5'),
      'store-0417 medium: edge-1 then differs from installed; nothing is installed before somebody orders it',
    ],
    [
      'a pool that shrinks',
      edit('template.yaml', '+100..+199', '+100..+150'),
      'store-0417 medium: the pool of network nodes shrinks: leases outside of it are not renewed',
    ],
    [
      'another server that leases',
      edit('template.yaml', '      subnet:', '      mode: auto\n      subnet:'),
      'store-0417 high: network nodes: the site looks whether another DHCP server leases there, and boots no machine meanwhile',
    ],
    [
      'another subnet',
      edit('sites/store-0901.yaml', '10.90.1.0/24', '10.90.2.0/24'),
      'store-0901 high: network nodes moves from 10.90.1.0/24 to 10.90.2.0/24: the appliance needs an address there',
    ],
    [
      'unknown machines',
      edit('sites/store-0901.yaml', 'action: ignore', 'action: hold'),
      'store-0901 medium: unknown machines are held with a code on their screens, where nobody answered them before',
    ],
    [
      'from live to install',
      liveEdge(),
      'store-0417 high: edge-1: what is installed and what runs from memory change places',
    ],
  ])('%s', (_, changes, expected) => {
    expect(warned(changes)).toContain(expected);
  });
});

function liveEdge(): Files {
  const text = files['template.yaml'] ?? '';
  const live = text.replace('      kind: install\n', '').replace(/ {6}install: .*\n/, '');
  return {
    'template.yaml': live,
    ...edit('documents/edge.yaml', 'url: "@{boot.url.report}phone-home"', 'url: "http://x"'),
  };
}

test('a thousand sites with one change are one group', () => {
  const [before, after] = [revisionsOf({}), revisionsOf(edit('documents/till.yaml', 'number=', 'till='))];
  const [old, now] = [before.get('store-0417'), after.get('store-0417')];
  if (!old || !now) throw new Error('the sample has no store-0417');
  const named = (revision: Revision, site: string): Revision =>
    JSON.parse(JSON.stringify(revision).replaceAll('store-0417', site)) as Revision;
  const sites = Array.from({ length: 1_000 }, (_, n) => `store-${1_000 + n}`);
  const groups = planGroups(sites.map((site) => ({ site, before: named(old, site), after: named(now, site) })));
  expect(groups).toHaveLength(1);
  expect(groups[0]?.sites).toHaveLength(1_000);
  expect(groups[0]?.changes).toEqual([
    { path: 'slots pos-1, pos-2: documents.user-data', before: ['      number={n}'], after: ['      till={n}'] },
  ]);
});

test('lines that both texts have are left out, wherever they stand', () => {
  expect(diffLines(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'y', 'd'])).toEqual({ before: ['b'], after: ['x', 'y'] });
  expect(diffLines(['a', 'b'], ['b', 'a'])).toEqual({ before: ['a'], after: ['a'] });
  expect(diffLines([], ['a'])).toEqual({ before: [], after: ['a'] });
  const many = Array.from({ length: 2_000 }, (_, n) => `${n}`);
  expect(
    diffLines(
      many,
      many.map((line) => `x${line}`),
    ).before,
  ).toHaveLength(61);
});
