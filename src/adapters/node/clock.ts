import type { Cancel, Clock } from '../../kernel/ports.ts';

/** Node fires a timer at once when its delay does not fit 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => afterAll(delayMs, run),
};

function afterAll(delayMs: number, run: () => void): Cancel {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : run()), stepMs);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}
