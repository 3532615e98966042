import { describe, expect, it } from 'vitest';
import type { Signal } from '../../model/signal.ts';
import { startTicker } from './ticker.ts';

function setUp() {
  const time = { now: 1_000_000, monotonic: 0 };
  const ticks: Signal[] = [];
  let next: (() => void) | undefined;
  const clock = {
    now: () => time.now,
    monotonic: () => time.monotonic,
    after: (_delayMs: number, run: () => void) => {
      next = run;
      return () => {
        next = undefined;
      };
    },
  };
  const cancel = startTicker({
    clock,
    signals: { observe: (signal) => ticks.push(signal), record: async () => undefined },
  });
  const pass = (nowMs: number, monotonicMs = nowMs): void => {
    time.now += nowMs;
    time.monotonic += monotonicMs;
    next?.();
  };
  return { ticks, cancel, pass };
}

describe('the ticker', () => {
  it('tells each time what time it is, and since when the site listens', () => {
    const { ticks, pass } = setUp();
    pass(10_000);
    pass(10_400);
    expect(ticks).toEqual([
      { kind: 'tick', at: 1_000_000, listeningSince: 1_000_000 },
      { kind: 'tick', at: 1_010_000, listeningSince: 1_000_000 },
      { kind: 'tick', at: 1_020_400, listeningSince: 1_000_000 },
    ]);
  });

  it.each([
    ['was set forward', 3_600_000, 10_000],
    ['was set back', -3_600_000, 10_000],
    ['slept', 3_600_000, 3_600_000],
  ])('begins anew after a clock that %s', (_name, nowMs, monotonicMs) => {
    const { ticks, pass } = setUp();
    pass(nowMs, monotonicMs);
    expect(ticks.slice(1)).toEqual([{ kind: 'tick', at: 1_000_000 + nowMs, listeningSince: 1_000_000 + nowMs }]);
  });

  it('ends when it is cancelled', () => {
    const { ticks, cancel, pass } = setUp();
    cancel();
    pass(10_000);
    expect(ticks).toHaveLength(1);
  });
});
