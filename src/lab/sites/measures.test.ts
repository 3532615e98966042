import { expect, it } from 'vitest';
import { Measures } from './measures.ts';

it('says how many, how fast, and what failed why', () => {
  let now = 0;
  const measures = new Measures(() => now);
  for (let ms = 1; ms <= 200; ms++) measures.note('report', ms);
  measures.note('sync', 50_000);
  measures.fail('report', 'busy');
  measures.fail('report', 'busy');
  measures.fail('hello', 'hub-unreachable');
  now = 10_000;
  expect(measures.figures()).toEqual({
    report: { answered: 200, perSecond: 20, p50Ms: 100, p99Ms: 198, failed: { busy: 2 } },
    sync: { answered: 1, perSecond: 0.1, failed: {} },
    hello: { answered: 0, perSecond: 0, failed: { 'hub-unreachable': 1 } },
  });
  measures.begin();
  expect(measures.figures()).toEqual({});
});
