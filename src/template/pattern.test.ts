import { describe, expect, test } from 'vitest';
import { patternProblem } from './pattern.ts';

describe('patternProblem', () => {
  test.each([
    '[0-9a-f]{64}',
    'pos-[0-9]+',
    '[a-z]+-[0-9]+[.][a-z]+',
    '(\\d{1,3}\\.){3}\\d{1,3}',
    'https?://[^/]+(/.*)?',
    '(eth|eno|enp)\\d',
    '[\\]()|+*]+',
    '\\(\\[a+',
    '(?:ab){3}',
    '',
  ])('%s is good', (pattern) => expect(patternProblem(pattern)).toBeUndefined());

  test.each([
    '(a+)+',
    '(a|a)*b',
    '(a?){30}a{30}',
    '(a*)*',
    `${'a?'.repeat(30)}${'a'.repeat(30)}`,
    '(x+x+)+y',
    '(.*)\\1(.*)\\1',
  ])('%s is refused before it is tried', (pattern) => expect(patternProblem(pattern)).toContain('for ever'));

  test('says what is no expression', () => {
    expect(patternProblem('[a')).toMatch(/^this is no regular expression: /);
  });
});
