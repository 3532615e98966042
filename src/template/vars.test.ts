import { describe, expect, test } from 'vitest';
import { Problems, Spots } from './places.ts';
import type { VarDeclaration } from './schema-parts.ts';
import { resolveVars } from './vars.ts';

function resolveOne(declaration: VarDeclaration, value?: unknown, examples = false) {
  const problems = new Problems(new Spots(), 't.yaml');
  const values = value === undefined ? {} : { x: value };
  const vars = resolveVars({ x: declaration }, { values, examples }, problems);
  return { value: vars['x'], problems: problems.list.map((problem) => problem.message) };
}

describe('resolveVars', () => {
  test.each<[VarDeclaration['type'], unknown, unknown]>([
    ['string', 'a', 'a'],
    ['int', -3, -3],
    ['bool', false, false],
    ['cidr', '10.0.0.0/24', '10.0.0.0/24'],
    ['ip', '10.0.0.1', '10.0.0.1'],
    ['mac', '52-54-00-AA-BB-CC', '52:54:00:aa:bb:cc'],
    ['duration', '1h30m', '1h30m'],
    ['list', ['a', 'b'], ['a', 'b']],
  ])('%s takes %j', (type, given, value) => {
    expect(resolveOne({ type, required: true }, given)).toEqual({ value, problems: [] });
  });

  test.each<[VarDeclaration['type'], unknown, string]>([
    ['string', 417, 'expected text: write it in quotes, found 417'],
    ['int', '3', 'expected a whole number, found "3"'],
    ['int', 1.5, 'expected a whole number, found 1.5'],
    ['bool', 'yes', 'expected true or false, found "yes"'],
    ['cidr', '10.0.0.1/24', 'expected a network such as 10.0.0.0/24, its host part zero, found "10.0.0.1/24"'],
    ['ip', '10.0.0.256', 'expected an IPv4 address such as 10.0.0.9, found "10.0.0.256"'],
    ['mac', '52:54', 'expected a MAC address such as 52:54:00:12:34:56, found "52:54"'],
    ['duration', '5 min', 'expected a time such as 90s, 5m or 2h, found "5 min"'],
    ['list', 'a', 'expected a list of texts, found "a"'],
    ['list', [1], 'expected a list of texts, found [1]'],
  ])('%s refuses %j', (type, given, message) => {
    expect(resolveOne({ type, required: true }, given)).toEqual({
      value: undefined,
      problems: [`${message} (in the vars of the site)`],
    });
  });

  test.each<[VarDeclaration, unknown, string]>([
    [{ type: 'int', required: true, min: 1 }, 0, 'at least 1'],
    [{ type: 'int', required: true, max: 9 }, 10, 'at most 9'],
    [{ type: 'list', required: true, max: 1 }, ['a', 'b'], 'at most 1 items'],
    [{ type: 'string', required: true, values: ['a', 'b'] }, 'c', 'one of a, b'],
    [{ type: 'string', required: true, pattern: '[0-9]+' }, 'x1', 'a text like [0-9]+'],
    [{ type: 'list', required: true, pattern: '[A-Z]+' }, ['A', 'b'], 'a text like [A-Z]+'],
  ])('%j refuses %j', (declaration, given, expected) => {
    expect(resolveOne(declaration, given).problems.join()).toContain(`expected ${expected}, found`);
  });

  test.each(['(', '(a+)+'])('the pattern %s is a problem of its own, and is never tried', (pattern) => {
    const { problems } = resolveOne({ type: 'string', required: true, pattern }, 'a'.repeat(200));
    expect(problems).toEqual([expect.stringMatching(/no regular expression|could take for ever/)]);
  });

  test('the site before the default, the default before the example, the example only on request', () => {
    const declaration: VarDeclaration = { type: 'int', default: 1, example: 2 };
    expect(resolveOne(declaration, 3, true).value).toBe(3);
    expect(resolveOne(declaration, undefined, true).value).toBe(1);
    expect(resolveOne({ type: 'int', required: true, example: 2 }, undefined, true)).toEqual({
      value: 2,
      problems: [],
    });
    expect(resolveOne({ type: 'int', required: true, example: 2 }).problems).toEqual([
      'the site gives no value: add `x` to `vars` of the site file, or to `values` of a layer',
    ]);
    expect(resolveOne({ type: 'int', required: true }, undefined, true).problems).toEqual([
      'this variable has no value: give it an example, or name a site file that has one',
    ]);
  });

  test('a declaration that cannot be right', () => {
    expect(resolveOne({ type: 'int' }).problems).toEqual(['give this variable a default, or say required: true']);
    expect(resolveOne({ type: 'int', default: 1, required: true }).problems).toHaveLength(1);
    expect(resolveOne({ type: 'int', default: 'a' }, 1)).toEqual({
      value: 1,
      problems: ['expected a whole number, found "a"'],
    });
  });
});
