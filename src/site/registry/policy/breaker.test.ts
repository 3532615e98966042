import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askBreaker, type Breaker, type BreakerEvent, CLOSED, stepBreaker } from './breaker.ts';

const failed = (now: number): BreakerEvent => ({ kind: 'failed', now, unit: 1 });
const OPEN: Breaker = { kind: 'open', until: 5_000, times: 0 };
const TRYING: Breaker = { kind: 'trying', since: 5_000, times: 0 };

describe('the breaker', () => {
  it.each<[string, Breaker, BreakerEvent, Breaker]>([
    ['stays closed after one failure', CLOSED, failed(0), { kind: 'closed', failures: 1 }],
    ['opens after two', { kind: 'closed', failures: 1 }, failed(0), OPEN],
    ['forgets failures when something works', { kind: 'closed', failures: 1 }, { kind: 'worked' }, CLOSED],
    ['lets nobody through in its time', OPEN, { kind: 'asked', now: 4_999 }, OPEN],
    ['lets one try after it', OPEN, { kind: 'asked', now: 5_000 }, TRYING],
    ['is closed by an answer that was still on its way', OPEN, { kind: 'worked' }, CLOSED],
    ['does not mind late failures', OPEN, failed(100), OPEN],
    ['is closed by a try that worked', TRYING, { kind: 'worked' }, CLOSED],
    ['opens for longer after a try that failed', TRYING, failed(6_000), { kind: 'open', until: 16_000, times: 1 }],
    ['waits for the one that tries', TRYING, { kind: 'asked', now: 34_999 }, TRYING],
    ['lets another try if that one is lost', TRYING, { kind: 'asked', now: 35_000 }, { ...TRYING, since: 35_000 }],
  ])('%s', (_name, state, event, next) => {
    expect(stepBreaker(state, event)).toEqual(next);
  });

  it('says whether to ask, and for how long not', () => {
    expect(askBreaker(CLOSED, 0)).toEqual({ next: CLOSED, isLet: true, waitMs: 0 });
    expect(askBreaker(OPEN, 1_000)).toEqual({ next: OPEN, isLet: false, waitMs: 4_000 });
    expect(askBreaker(OPEN, 5_000)).toMatchObject({ isLet: true });
    expect(askBreaker(TRYING, 6_000)).toMatchObject({ isLet: false, waitMs: 29_000 });
  });

  it('never stays open for more than a minute after the last failure, and is closed by whatever works', () => {
    const event = fc.record({
      kind: fc.constantFrom('worked', 'failed', 'asked'),
      wait: fc.nat(70_000),
      unit: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let [state, now]: [Breaker, number] = [CLOSED, 0];
        for (const { kind, wait, unit } of events) {
          now += wait;
          state = stepBreaker(state, { kind, now, unit } as BreakerEvent);
          if (kind === 'worked') expect(state).toEqual(CLOSED);
          expect(askBreaker(state, now + 60_000).isLet).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
