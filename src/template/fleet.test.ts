import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fleetFiles, fleetOf, retailFiles } from '../../test/support/sample-fleet.ts';
import { sha256 } from '../../test/support/sample-template.ts';
import type { Revision } from '../model/revision.ts';
import { explain } from './explain.ts';
import { readFleet, renderSite } from './fleet.ts';
import { renderFleet } from './fleet-lint.ts';
import { formatProblem } from './problem.ts';

type Files = Readonly<Record<string, string>>;
const files: Files = retailFiles();
const HEADER = 'apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { name: retail, layer: LAYER }\n';
const layer = (depth: string, spec: string): string => `${HEADER.replace('LAYER', depth)}spec: ${spec}\n`;

function problemsOf(changes: Files): readonly string[] {
  const fleet = readFleet(fleetFiles({ ...files, ...changes }));
  const problems = fleet.ok ? renderFleet(fleet.value, { sha256 }).problems : fleet.error;
  return problems.map(formatProblem);
}

function revisionOf(site: string, changes: Files = {}): Revision {
  const rendered = renderSite(fleetOf({ ...files, ...changes }), site, { number: 1, sha256 });
  if (!rendered.ok) throw new Error(rendered.error.map(formatProblem).join('\n'));
  return rendered.value;
}

describe('the ready fleet', () => {
  test('is right, and its sites differ by their layers', () => {
    expect(problemsOf({})).toEqual([]);
    expect(Object.keys(revisionOf('store-0417').slots)).toEqual(['pos-1', 'pos-2', 'edge-1']);
    expect(Object.keys(revisionOf('store-0418').slots)).toHaveLength(5);
    expect(revisionOf('store-0901').networks['nodes']?.dns).toEqual(['10.90.1.1', '8.8.8.8']);
    expect(JSON.stringify(revisionOf('store-0418').slots['pos-1'])).toContain('channel=pilot');
    expect(JSON.stringify(revisionOf('store-0417').slots['pos-1'])).toContain('channel=stable');
  });

  test('renders the same twice, and a layer that changes nothing changes no digest', () => {
    const before = new Map(Object.keys(fleetOf().document.sites).map((site) => [site, revisionOf(site).digest]));
    const empty = [
      '{}',
      '{ values: {} }',
      '{ profiles: {} }',
      '{ profiles: { till: {} } }',
      '{ networks: { nodes: {} } }',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...before.keys()), fc.constantFrom(...empty), (site, spec) => {
        const text = files['fleet.yaml']?.replaceAll(/groups: \[/g, 'groups: [empty, ') ?? '';
        const changes = { 'fleet.yaml': text, 'groups/empty.yaml': layer('group', spec) };
        expect(revisionOf(site, changes).digest).toBe(before.get(site));
        expect(revisionOf(site).digest).toBe(before.get(site));
      }),
      { numRuns: 30 },
    );
  });
});

describe('what is wrong with a directory', () => {
  test.each<[string, Files, string]>([
    [
      'a group that no site is in',
      { 'groups/uk.yaml': layer('group', '{}') },
      'groups/uk.yaml:1:1 nobody uses this file: no site of fleet.yaml is in this group; did you mean "us"?',
    ],
    [
      'a layer of no site',
      { 'sites/store-0419.yaml': layer('site', '{}') },
      'sites/store-0419.yaml:1:1 nobody uses this file: fleet.yaml has no such site; did you mean "store-0417"?',
    ],
    [
      'a group without a file',
      { 'fleet.yaml': (files['fleet.yaml'] ?? '').replace('[us]', '[usa]') },
      'fleet.yaml:8:26 sites.store-0901.groups.0: groups/usa.yaml cannot be read: ENOENT',
    ],
    [
      'a site without a file',
      { 'fleet.yaml': `${files['fleet.yaml']}  store-0902: { groups: [us] }\n` },
      'fleet.yaml:9:3 sites.store-0902: sites/store-0902.yaml cannot be read: ENOENT',
    ],
    [
      'a variable that no layer declares',
      { 'groups/us.yaml': layer('group', '{ values: { timezone: America/Chicago, tils: 3 } }') },
      'groups/us.yaml:4:46 spec.values.tils: the template has no variable "tils"; did you mean "tills"?',
    ],
    [
      'a value that does not fit',
      { 'sites/store-0901.yaml': layer('site', '{ values: { nodesNet: 10.90.1.0/24, tills: 0 } }') },
      'sites/store-0901.yaml:4:43 spec.values.tills: expected at least 1, found 0',
    ],
    [
      'one host name for several machines',
      { 'documents/till.yaml': '#cloud-config\nhostname: till\n' },
      'template.yaml:60:5 spec.slots.pos-{n}: pos-1, pos-2, pos-3 and 1 more would all have the host name "till", by user-data; write {{ slot.name }} there',
    ],
    [
      'a layer that says that it is another',
      { 'groups/us.yaml': (files['groups/us.yaml'] ?? '').replace('layer: group', 'layer: site') },
      'groups/us.yaml:3:34 metadata.layer: this file is the layer of a group: write layer: group',
    ],
    [
      'a group twice',
      { 'fleet.yaml': (files['fleet.yaml'] ?? '').replace('[us]', '[us, us]') },
      'fleet.yaml:8:30 sites.store-0901.groups.1: the site is in group "us" twice',
    ],
    ['another ending', { 'groups/x.yml': '' }, 'groups/x.yml:1:1 a layer is called NAME.yaml, not .yml'],
    [
      'a fault in a wide layer, once for all sites',
      { 'documents/till.yaml': 'hostname: {{ slot.nam }}\n' },
      'documents/till.yaml:1:14 spec.profiles.till.documents.user-data.file: {{ slot.nam }} is not defined here; did you mean "name"?',
    ],
    [
      'an unknown key of a site',
      { 'fleet.yaml': (files['fleet.yaml'] ?? '').replace('groups: [us]', 'group: [us]') },
      'fleet.yaml:8:17 sites.store-0901.group: there is no key "group" here; did you mean "groups"?',
    ],
  ])('%s', (_, changes, expected) => {
    expect(problemsOf(changes)).toContain(expected);
  });

  test('a directory without its two files says so', () => {
    const { 'fleet.yaml': _, ...without } = files;
    expect(readFleet(fleetFiles(without))).toMatchObject({ ok: false, error: [{ file: 'fleet.yaml' }] });
    const { 'template.yaml': __, ...bare } = files;
    expect(renderFleet(fleetOf(bare), { sha256 }).problems.map(formatProblem)).toContain(
      'fleet.yaml:2:1 template.yaml cannot be read: ENOENT',
    );
  });

  test('one site with a fault leaves the others their revisions', () => {
    const fleet = fleetOf({ ...files, 'sites/store-0901.yaml': layer('site', '{}') });
    expect([...renderFleet(fleet, { sha256 }).revisions.keys()]).toEqual(['store-0417', 'store-0418']);
  });
});

describe('explain', () => {
  const said = (site: string, path: string): unknown => {
    const outcome = explain(fleetOf(), site, path);
    return outcome.ok ? outcome.value : outcome.error;
  };

  test('names the layer and the line of a value, and what each wider layer said', () => {
    expect(said('store-0901', 'networks.nodes.dns')).toEqual({
      site: 'store-0901',
      path: 'spec.networks.nodes.dns',
      value: [1, '8.8.8.8'],
      parts: [
        {
          path: 'spec.networks.nodes.dns',
          value: [1, '8.8.8.8'],
          layer: 'group us',
          place: { file: 'groups/us.yaml', line: 7, column: 19 },
        },
      ],
      said: [
        { layer: 'group us', place: { file: 'groups/us.yaml', line: 7, column: 19 }, value: [1, '8.8.8.8'] },
        { layer: 'fleet', place: { file: 'template.yaml', line: 23, column: 12 }, value: [1, '9.9.9.9'] },
      ],
    });
  });

  test('a map is told apart into what each layer gave to it', () => {
    expect(said('store-0418', 'spec.slots.edge-1')).toMatchObject({
      parts: [
        { path: 'spec.slots.edge-1.profile', layer: 'fleet' },
        { path: 'spec.slots.edge-1.hardware', layer: 'fleet' },
        { path: 'spec.slots.edge-1.interfaces.lan0.network', layer: 'fleet' },
        { path: 'spec.slots.edge-1.interfaces.lan0.address', layer: 'fleet' },
        { path: 'spec.slots.edge-1.match', layer: 'site' },
      ],
      said: [{ layer: 'site' }, { layer: 'fleet' }],
    });
  });

  test('a variable is what a layer gives it, or else how it is declared', () => {
    expect(said('store-0418', 'vars.tills')).toMatchObject({ path: 'spec.values.tills', value: 4 });
    expect(said('store-0417', 'vars.tills')).toMatchObject({ path: 'spec.vars.tills', value: { default: 2 } });
  });

  test('says what there is, where there is nothing of that name', () => {
    expect(said('store-0417', 'networks.node.dns')).toBe(
      'no layer of the site says "node" in spec.networks; did you mean "nodes"?',
    );
    expect(said('store-0000', 'vars.tills')).toMatchObject([{ file: 'fleet.yaml' }]);
  });
});
