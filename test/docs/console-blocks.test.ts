import { describe, expect, it } from 'vitest';
import { findBlocks, outputMatches } from './console-blocks.ts';

describe('findBlocks', () => {
  it('reads commands with their output, files to write, and what is tested elsewhere', () => {
    const page = [
      'Write this:',
      '',
      '<!-- file: a/site.yaml -->',
      '```yaml',
      'site: x',
      '```',
      '```console',
      '$ first --flag',
      '$ second',
      'one',
      '',
      'two',
      '```',
      '<!-- tested by: test/lab/a.test.ts, test/wire/b.test.ts -->',
      '```sh',
      'npm test',
      '```',
      '<!-- tested by: test/wire/b.test.ts -->',
      '```console',
      '$ third',
      '```',
      '```yaml',
      'only: shown',
      '```',
    ].join('\n');
    expect(findBlocks(page)).toEqual([
      { kind: 'file', line: 4, path: 'a/site.yaml', text: 'site: x\n' },
      {
        kind: 'console',
        line: 7,
        steps: [
          { line: 8, command: 'first --flag', expected: [] },
          { line: 9, command: 'second', expected: ['one', '', 'two'] },
        ],
      },
      { kind: 'elsewhere', line: 15, testedBy: ['test/lab/a.test.ts', 'test/wire/b.test.ts'], steps: [] },
      {
        kind: 'elsewhere',
        line: 19,
        testedBy: ['test/wire/b.test.ts'],
        steps: [{ line: 20, command: 'third', expected: [] }],
      },
    ]);
  });

  it.each([
    ['commands that nothing tests', '```sh\nnpm test\n```', 'no test runs'],
    ['a mark that belongs to an earlier block', '<!-- tested by: a -->\n```sh\nx\n```\n```sh\ny\n```', 'line 5'],
    ['a block that is never closed', '```console\n$ x', 'never closed'],
    ['a block in a list, which would go unseen', '- x\n  ```sh\n  y\n  ```', 'indented'],
    ['output before a command', '```console\nx\n```', 'output before'],
    ['a block without a command', '```console\n```', 'without a command'],
  ])('refuses %s', (_name, page, reason) => {
    expect(() => findBlocks(page)).toThrow(reason);
  });
});

describe('outputMatches', () => {
  it.each([
    ['the same', ['a', 'b'], 'a\nb\n', true],
    ['nothing where nothing is shown', [], '', true],
    ['output where nothing is shown', [], 'a\n', false],
    ['another line', ['a'], 'b\n', false],
    ['a line too many', ['a'], 'a\nb\n', false],
    ['a line missing', ['a', 'b'], 'a\n', false],
    ['a part left open', ['took … s.'], 'took 1.5 s.\n', true],
    ['a part left open does not cross lines', ['took … s'], 'took\n1 s\n', false],
    ['lines left open', ['a', '…', 'z'], 'a\nb\nc\nz\n', true],
    ['no line where lines are left open', ['a', '…', 'z'], 'a\nz\n', true],
    ['what follows the open lines is missing', ['a', '…', 'z'], 'a\nb\n', false],
    ['signs of a pattern are plain text', ['a.b (c)*'], 'axb (c)*\n', false],
    ['output without a last newline', ['a'], 'a', true],
  ] as const)('%s', (_name, expected, output, matches) => {
    expect(outputMatches(expected, output)).toBe(matches);
  });
});
