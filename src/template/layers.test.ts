import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileText, problemsOf, revisionOf, SAMPLE } from '../../test/support/sample-template.ts';
import { mergeValues } from './layers.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const fleet = { name: 'fleet.yaml', text: SAMPLE };
const layer = (name: string, spec: string, metadata = 'name: sample') => ({
  name: `${name}.yaml`,
  text: `apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { ${metadata}, layer: ${name} }\nspec:\n${spec}`,
});

describe('the law of layers', () => {
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, 1, 'a', true),
      fc.array(fc.integer(), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'), { maxKeys: 3 }),
    ),
  })).node;
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree, { maxKeys: 3 });

  test('an empty layer changes nothing, on either side', () => {
    fc.assert(
      fc.property(map, (value) => {
        expect(mergeValues(value, {})).toEqual(value);
        expect(mergeValues({}, value)).toEqual(value);
      }),
      { seed },
    );
  });

  test('a layer said twice is said once, and the last word counts', () => {
    fc.assert(
      fc.property(map, map, (a, b) => {
        const merged = mergeValues(a, b);
        expect(mergeValues(merged, b)).toEqual(merged);
        expect(mergeValues(a, a)).toEqual(a);
      }),
      { seed },
    );
  });

  test('maps merge, lists and values replace, null stands for a deletion', () => {
    const lower = { keep: 1, list: [1, 2], map: { a: 1, b: 2 }, gone: { x: 1 } };
    const upper = { list: [3], map: { b: 3, c: 4 }, gone: null };
    expect(mergeValues(lower, upper)).toEqual({ keep: 1, list: [3], map: { a: 1, b: 3, c: 4 }, gone: null });
  });
});

describe('layers of files', () => {
  test('a lower layer changes one thing and deletes another', () => {
    const site = layer('site', '  vars: { tills: { default: 1 } }\n  slots: { edge-1: null }\n');
    const revision = revisionOf('', { files: [fleet, site] });
    expect(Object.keys(revision.slots)).toEqual(['pos-1']);
    expect(revision.digest).not.toBe(revisionOf(SAMPLE).digest);
  });

  test('a null in a profile also deletes what the profile inherits', () => {
    const site = layer('site', '  profiles: { till: { cmdline: { console: null } } }\n');
    const revision = revisionOf('', { files: [fleet, site] });
    expect(revision.slots['pos-1']?.profile.cmdline.map((word) => word.key)).toEqual(['ds']);
    expect(revision.slots['edge-1']?.profile.cmdline.map((word) => word.key)).toEqual(['console', 'ds']);
  });

  test('another kind of document replaces the one below it as a whole', () => {
    const text = '#cloud-config\nhostname: x\n';
    const site = layer('site', '  profiles: { till: { documents: { user-data: { file: till.yaml } } } }\n');
    const outcome = compileText('', {
      files: [fleet, site],
      readFile: (path) => ({ ok: true, value: path === 'till.yaml' ? text : '' }),
    });
    expect(outcome.ok && outcome.value.slots['pos-1']?.profile.documents['user-data']).toMatchObject({ text });
  });

  test('a problem names the file that says it', () => {
    const site = layer('site', '  networks:\n    nodes: { router: 10.9.9.9 }\n');
    expect(problemsOf('', { files: [fleet, site] })).toEqual([
      'site.yaml:6:22 spec.networks.nodes.router: 10.9.9.9 lies outside of 10.0.0.0/24',
    ]);
  });

  test('layers go from wide to narrow and carry one name', () => {
    const site = layer('site', '  vars: {}\n', 'name: other');
    expect(problemsOf('', { files: [site, fleet] })).toEqual([
      'fleet.yaml:3:19 metadata.name: this layer belongs to "sample", the one before it to "other"',
      'fleet.yaml:3:34 metadata.layer: layers are given from wide to narrow: a fleet layer cannot follow a narrower one',
    ]);
  });
});
