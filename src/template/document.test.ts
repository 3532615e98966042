import { describe, expect, test } from 'vitest';
import { parseYaml } from './document.ts';
import { formatProblem } from './problem.ts';

const problems = (text: string): readonly string[] => {
  const parsed = parseYaml({ name: 'f.yaml', text });
  return parsed.ok ? [] : parsed.error.map(formatProblem);
};
const plainOf = (text: string): unknown => {
  const parsed = parseYaml({ name: 'f.yaml', text });
  return parsed.ok ? parsed.value.value : problems(text);
};

describe('parseYaml reads YAML 1.2', () => {
  test.each<[string, unknown]>([
    ['mac: 52:54:00:12:34:56', { mac: '52:54:00:12:34:56' }],
    ['a: yes\nb: true\nc: ~', { a: 'yes', b: true, c: null }],
    ['router: +1', { router: 1 }],
    ['0417: x', { '0417': 'x' }],
    ['a: &x { b: 1 }\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['constructor: 1', { constructor: 1 }],
    ['', null],
  ])('%j', (text, value) => {
    expect(plainOf(text)).toEqual(value);
  });

  test('it knows where keys, values and the insides of texts are', () => {
    const parsed = parseYaml({ name: 'f.yaml', text: 'a:\n  b: "text"\n  c: |\n    one\n    two\n' });
    if (!parsed.ok) throw new Error('it must be readable');
    const { spots } = parsed.value;
    expect(spots.keyAt(['a', 'b'])).toMatchObject({ line: 2, column: 3 });
    expect(spots.valueAt(['a', 'b'])).toMatchObject({ line: 2, column: 6, text: { line: 2, column: 7 } });
    expect(spots.valueAt(['a', 'c'])?.text).toEqual({ line: 4, column: 5, indent: 4 });
    expect(spots.valueAt(['a', 'missing', 'deeper'])).toMatchObject({ line: 1, column: 1 });
  });
});

describe('parseYaml refuses', () => {
  test.each<[string, string]>([
    ['a: 1\nb: 2\na: 3', 'f.yaml:3:1 the key "a" is written twice in one map'],
    ['x: 010', 'f.yaml:1:4 x: 010 would be read as 10: write it in quotes, or as 10'],
    ['x: 1.10', 'f.yaml:1:4 x: 1.10 would be read as 1.1: write it in quotes, or as 1.1'],
    ['x: 0x10', 'f.yaml:1:4 x: 0x10 would be read as 16: write it in quotes, or as 16'],
    ['x: .inf', 'f.yaml:1:4 x: .inf would be read as Infinity: write it in quotes, or as Infinity'],
    ['a: 1\n---\nb: 2', 'f.yaml:2:1 a file holds one document; this begins a second one'],
    ['a: !secret x', 'f.yaml:1:4 tags (!name) are not used in templates'],
    ['a:\n\tb: 1', 'f.yaml:2:1 YAML is indented with spaces, never with tabs'],
    ['a: *x', 'f.yaml:1:4 nothing above is named &x'],
    ['? [1]\n: 2', 'f.yaml:1:3 a key must be a plain text'],
    ['__proto__: { a: 1 }', 'f.yaml:1:1 this name cannot be used as a key'],
    ['a: &a [*a]', 'f.yaml:1:1 it is nested deeper than 32 levels'],
    ['x'.repeat(1024 * 1024 + 1), 'f.yaml:1:1 the file is larger than 1 MiB'],
    ['{'.repeat(300_000), 'f.yaml:1:1 the file has more than 200000 words and signs'],
    [`[${'a,'.repeat(60_000)}]`, 'f.yaml:1:1 it has more than 50000 entries, aliases counted each time'],
  ])('%.30j', (text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  test('texts with braces get a hint', () => {
    expect(problems('a: {{ vars.x }}').join()).toContain('needs quotes');
    expect(problems('a: @{boot.mac}').join()).toContain('needs quotes');
  });

  test('a bomb of aliases', () => {
    const names = [...'abcdefghij'];
    const lines = names.map((name, i) => {
      const item = i === 0 ? '1' : `*${names[i - 1]}`;
      return `${name}: &${name} [${Array(9).fill(item).join(', ')}]`;
    });
    expect(problems(lines.join('\n'))).toEqual(['f.yaml:1:1 it uses more than 100 aliases']);
  });

  test('nesting that would exhaust the stack', () => {
    expect(problems('['.repeat(100_000)).length).toBeGreaterThan(0);
    expect(problems('- '.repeat(90_000)).length).toBeGreaterThan(0);
  });
});
