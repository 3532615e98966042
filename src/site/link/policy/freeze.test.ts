import { expect, test } from 'vitest';
import { freezeAt, parseUntil } from './freeze.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

test.each([
  ['20:00', 18 * HOUR, NOW + 2 * HOUR],
  ['20:00', 20 * HOUR, NOW + 24 * HOUR],
  ['06:30', 20 * HOUR, NOW + 10.5 * HOUR],
  ['2h', 18 * HOUR, NOW + 2 * HOUR],
  ['7d', 0, NOW + 168 * HOUR],
])('%s, when the day is %i ms old', (text, sinceMidnight, until) => {
  expect(parseUntil(text, NOW, sinceMidnight)).toEqual({ ok: true, value: until });
});

test.each(['', '24:00', '8', 'tomorrow', '0m', '8d', '-2h'])('refuses %j', (text) => {
  expect(parseUntil(text, NOW, 0).ok).toBe(false);
});

test('a freeze holds until its time is over, and not before its beginning', () => {
  const marks = new Map([['freeze', { at: NOW, by: 'cli', until: NOW + HOUR }]]);
  expect(freezeAt(marks, NOW)).toMatchObject({ until: NOW + HOUR });
  expect(freezeAt(marks, NOW + HOUR)).toBeUndefined();
  expect(freezeAt(marks, 0)).toBeUndefined();
  expect(freezeAt(new Map(), NOW)).toBeUndefined();
});
