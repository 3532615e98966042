import { expect, it } from 'vitest';
import { LogBudget } from './log-budget.ts';

it('lets so many lines of each topic through in a minute, and says how many it held back', () => {
  let now = 0;
  const budget = new LogBudget({ monotonic: () => now }, 2);
  const spent = (topic: string, times: number) => Array.from({ length: times }, () => budget.spend(topic)?.leftOut);
  expect(spent('a', 5)).toEqual([0, 0, undefined, undefined, undefined]);
  expect(spent('b', 1)).toEqual([0]);
  now = 59_999;
  expect(spent('a', 1)).toEqual([undefined]);
  now = 60_000;
  expect(spent('a', 3)).toEqual([4, 0, undefined]);
});
