import { describe, expect, it } from 'vitest';
import { NO_WAN_RULES, type WanRules, type WanWindow } from '../../../model/wan.ts';
import { rulesNow, startDelayMs, storeTime } from './rules.ts';

const window = (change: Partial<WanWindow>): WanWindow => ({
  ...{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 0, prefetch: true },
  ...change,
});
const at = (text: string, timeZone = 'UTC') => storeTime(timeZone, Date.parse(text));

describe('the calendar of the store', () => {
  it.each([
    // A Sunday.
    ['2026-11-22T02:05:00Z', 'UTC', { day: 0, minute: 125, month: '2026-11' }],
    ['2026-11-22T02:05:00Z', 'America/New_York', { day: 6, minute: 21 * 60 + 5, month: '2026-11' }],
    ['2026-10-31T23:30:00Z', 'Europe/Berlin', { day: 0, minute: 30, month: '2026-11' }],
    ['1970-01-01T00:00:00Z', 'UTC', { day: 4, minute: 0, month: '1970-01' }],
  ])('%s in %s', (text, zone, expected) => expect(at(text, zone)).toEqual(expected));
});

it('the calendar goes on from minute to minute, and back with a clock that is set back', () => {
  const minutes = ['T02:05:59.999Z', 'T02:06:00Z', 'T02:06:30Z', 'T02:05:00Z'].map(
    (time) => at(`2026-11-22${time}`).minute,
  );
  expect(minutes).toEqual([125, 126, 126, 125]);
});

describe('what holds now', () => {
  const night = window({ days: [5], fromMinute: 22 * 60, toMinute: 6 * 60, bytesPerSecond: 9 });
  const day = window({ days: [1, 2, 3, 4, 5], fromMinute: 480, toMinute: 1200, prefetch: false });
  const rules: WanRules = { ...NO_WAN_RULES, bytesPerSecond: 5, monthlyBytes: 100, windows: [night, day] };

  it.each([
    ['before the night of Friday', '2026-11-20T21:59:00Z', { bytesPerSecond: 5, prefetch: true }],
    ['in it', '2026-11-20T22:00:00Z', { bytesPerSecond: 9, prefetch: true }],
    ['in its second half', '2026-11-21T05:59:00Z', { bytesPerSecond: 9, prefetch: true }],
    ['behind it', '2026-11-21T06:00:00Z', { bytesPerSecond: 5, prefetch: true }],
    ['in the night of Saturday', '2026-11-21T23:00:00Z', { bytesPerSecond: 5, prefetch: true }],
    ['on a working day', '2026-11-19T12:00:00Z', { bytesPerSecond: 5, prefetch: false }],
  ])('%s', (_, text, expected) => expect(rulesNow(rules, at(text), 99)).toEqual(expected));

  it('prefetches nothing beyond the allowance, at any time', () => {
    expect(rulesNow(rules, at('2026-11-21T05:00:00Z'), 100)).toEqual({ bytesPerSecond: 9, prefetch: false });
  });

  it('a window from one minute to the same one is the whole day', () => {
    const whole = {
      ...NO_WAN_RULES,
      windows: [window({ fromMinute: 600, toMinute: 600, days: [0], prefetch: false })],
    };
    const held = (text: string) => !rulesNow(whole, at(text), 0).prefetch;
    expect(['T09:59', 'T10:00', 'T23:59'].map((time) => held(`2026-11-22${time}:00Z`))).toEqual([false, true, true]);
    expect(held('2026-11-23T09:59:00Z')).toBe(true);
  });
});

describe('when sites begin', () => {
  it('the same site and revision always at one moment, three thousand sites evenly', () => {
    const starts = Array.from({ length: 3_000 }, (_, n) => startDelayMs(`store-${n}`, 'abc', 7_200));
    expect(starts[7]).toBe(startDelayMs('store-7', 'abc', 7_200));
    expect(starts[7]).not.toBe(startDelayMs('store-7', 'abd', 7_200));
    const perTenth = Array.from({ length: 10 }, (_, n) => starts.filter((ms) => Math.floor(ms / 720_000) === n).length);
    for (const count of perTenth) expect(Math.abs(count - 300)).toBeLessThan(75);
    expect(startDelayMs('store-1', 'abc', 0)).toBe(0);
  });
});
