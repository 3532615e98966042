import { expect, it } from 'vitest';
import { leafValidity } from '../../../model/fleet/validity.ts';
import { dueExpiryAlarm, type ExpiryTold } from './expiry.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const validity = leafValidity(NOW);
const at = (days: number): number => NOW + days * DAY;

it.each([
  [0, undefined],
  [44, undefined],
  [45, 0.5],
  [67, 0.5],
  [68, 0.25],
  [80, 0.25],
  [81, 0.1],
  [89, 0.1],
  [90, 0],
  [500, 0],
])('after %i days of ninety the alarm is that of %s', (days, part) => {
  expect(dueExpiryAlarm(validity, undefined, at(days))).toBe(part);
});

it('is told once a day, at once when it is more pressing, and anew by a clock that was set back', () => {
  const told: ExpiryTold = { part: 0.5, at: at(50) };
  expect(dueExpiryAlarm(validity, told, at(50.5))).toBeUndefined();
  expect(dueExpiryAlarm(validity, told, at(51))).toBe(0.5);
  expect(dueExpiryAlarm(validity, { part: 0.5, at: at(67.4) }, at(67.6))).toBe(0.25);
  expect(dueExpiryAlarm(validity, told, at(49))).toBe(0.5);
});
