import { expect, it } from 'vitest';
import { type MacAddress, matchesMac } from './mac.ts';
import { matchesPattern } from './pattern.ts';

it.each([
  ['NUC*', 'nuc11', true],
  ['*', '', true],
  ['a*b*c', 'axxbxxc', true],
  ['a*b*c', 'axxc', false],
  ['ab*ba', 'aba', false],
  ['abc', 'abcd', false],
  ['*x*x*', 'x', false],
])('pattern %s and %s: %s', (pattern, text, expected) => expect(matchesPattern(pattern, text)).toBe(expected));

it('a pattern of MACs may have hyphens', () => {
  const mac = '00:11:22:33:44:55' as MacAddress;
  expect([matchesMac('00-11-22-*', mac), matchesMac('00:11:23:*', mac)]).toEqual([true, false]);
});
