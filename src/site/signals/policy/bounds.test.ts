import { describe, expect, it } from 'vitest';
import { Allowance, FewOfEach, HeardBefore } from './bounds.ts';

describe('an allowance', () => {
  it('is spent at once, and then comes back with time', () => {
    const allowance = new Allowance({ perSecond: 2, burst: 3 });
    const taken = (at: number) => allowance.take('a', at);
    expect([taken(0), taken(0), taken(0), taken(0)]).toEqual([true, true, true, false]);
    expect(taken(400)).toBe(false);
    expect(taken(500)).toBe(true);
    expect(allowance.take('b', 500)).toBe(true);
    expect([taken(60_000), taken(60_000), taken(60_000), taken(60_000)]).toEqual([true, true, true, false]);
  });
});

describe('few of each', () => {
  it('lets the first ones of a boot through, each of them once', () => {
    const few = new FewOfEach(2);
    const says = ['sector 1 failed', 'sector 22 failed', 'fan', 'heat'];
    expect(says.map((line) => few.isNews('b1', line))).toEqual([true, false, true, false]);
    expect(few.isNews('b2', 'fan')).toBe(true);
  });
});

describe('what was heard before', () => {
  it('is known for a while', () => {
    const heard = new HeardBefore(2);
    for (const id of ['1', '2', '3']) heard.note('a', id);
    expect(['1', '2', '3'].map((id) => heard.has('a', id))).toEqual([false, true, true]);
    expect(heard.has('b', '3')).toBe(false);
  });

  it('keeps no id that is longer than any of Talos: a thousand of 60 KB each would fill the memory', () => {
    const heard = new HeardBefore(2);
    heard.note('a', 'x'.repeat(64));
    heard.note('a', 'x'.repeat(65));
    expect([heard.has('a', 'x'.repeat(64)), heard.has('a', 'x'.repeat(65))]).toEqual([true, false]);
  });
});
