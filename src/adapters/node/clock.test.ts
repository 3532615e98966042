import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('waits longer than a timer of Node can', () => {
  const run = vi.fn();
  const days = 24 * 3_600_000;
  systemClock.after(60 * days, run);
  vi.advanceTimersByTime(60 * days - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

it('can be cancelled, also on a later leg', () => {
  const run = vi.fn();
  const cancel = systemClock.after(2 ** 31 + 10, run);
  vi.advanceTimersByTime(2 ** 31);
  cancel();
  vi.advanceTimersByTime(1_000);
  expect(run).not.toHaveBeenCalled();
});
