import { systemClock } from '../../adapters/node/clock.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';

/** The time of all simulated sites: this machine's clock, and what head office said of it. */
export function createSimTime(): TimeKeeper {
  let offsetMs = 0;
  let isLearned = false;
  return {
    ...systemClock,
    now: () => Math.round(systemClock.now() + offsetMs),
    get offsetMs() {
      return offsetMs;
    },
    get quality() {
      return isLearned ? ('hub' as const) : ('machine' as const);
    },
    learn: (hubTimeMs) => {
      offsetMs = hubTimeMs - systemClock.now();
      isLearned = true;
    },
  };
}
