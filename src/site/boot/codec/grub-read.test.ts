import { expect, it } from 'vitest';
import { assign, branch, command, define, formatGrub, glued, grubWords, literal, variable } from './grub.ts';
import { readGrub } from './grub-read.ts';

const script = formatGrub([
  define('answer', [
    branch(command(...grubWords('linux'), literal("(tftp,10.0.0.1)/it's a; kernel"), literal('a=b')), [
      command(...grubWords('boot')),
    ]),
    command(
      ...grubWords('source'),
      glued(literal('(tftp)/ask/mac='), variable('mac'), literal('&x='), variable('none')),
    ),
  ]),
  assign('answered', literal('1')),
]);

it('reads what was written, with variables in their places', () => {
  expect(readGrub(`# it's a comment\n${script}`, { mac: '02:00' })).toEqual({
    ok: true,
    value: [
      ['linux', "(tftp,10.0.0.1)/it's a; kernel", 'a=b'],
      ['boot'],
      ['source', '(tftp)/ask/mac=02:00&x='],
      ['set', 'answered=1'],
    ],
  });
});

it.each([
  ['half of it', script.slice(0, script.indexOf('boot')), 'it ends before its fi'],
  ['half a word', script.slice(0, script.indexOf('kernel')), /^a quote is not closed/],
  ['an end too many', `${script}fi\n`, '"fi" stands where nothing was begun'],
  ['an end of another kind', script.replace('fi\n', 'done\n'), '"done" stands where nothing was begun'],
])('does not take %s', (_name, text, because) => {
  const read = readGrub(text);
  expect(read.ok ? '' : read.error).toMatch(because);
});
