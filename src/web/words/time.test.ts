import { describe, expect, it } from 'vitest';
import { clockTime, dayOf, howLong, sinceWhen } from './time.ts';

const NOON = new Date(2026, 10, 21, 12, 0).getTime();
const HOUR = 3_600_000;

describe('times as one says them', () => {
  it.each([
    [0, '0 s'],
    [40_400, '40 s'],
    [4 * 60_000 + 59_000, '4 min'],
    [3 * HOUR, '3 h'],
    [3 * HOUR + 5 * 60_000, '3 h 5 min'],
    [30 * HOUR, '1 day'],
    [50 * HOUR, '2 days'],
  ])('%d ms', (ms, said) => {
    expect(howLong(ms)).toBe(said);
  });

  it('the day is named from today on backwards', () => {
    expect(dayOf(NOON - 12 * HOUR, NOON)).toBe('Today');
    expect(dayOf(NOON - 12.1 * HOUR, NOON)).toBe('Yesterday');
    expect(dayOf(NOON - 48 * HOUR, NOON)).toBe('Thursday, 19 November');
    expect(clockTime(NOON)).toBe('12:00');
  });

  it('since when', () => {
    expect(sinceWhen(NOON - 30_000, NOON)).toBe('since 11:59');
    expect(sinceWhen(NOON - 4 * 60_000, NOON)).toBe('since 11:56 (4 min)');
    expect(sinceWhen(NOON - 24 * HOUR, NOON)).toBe('since yesterday, 12:00 (1 day)');
    expect(sinceWhen(NOON - 72 * HOUR, NOON)).toBe('since Wednesday, 18 November, 12:00 (3 days)');
  });
});
