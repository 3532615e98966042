import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

it.each([
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['90d', 7_776_000_000],
  ['250ms', 250],
  ['', undefined],
  ['5', undefined],
  ['5 m', undefined],
  ['m5', undefined],
  ['-5m', undefined],
])('%j is %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

it.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [21_540, '21.5 s'],
  [59_960, '1 min'],
  [250_000, '4 min 10 s'],
  [2_700_000, '45 min'],
  [3_599_600, '1 h'],
  [11_100_000, '3 h 5 min'],
])('%s ms are said as %j', (ms, text) => expect(formatDuration(ms)).toBe(text));
