/**
 * A circuit breaker: while an upstream is away, asking it costs nothing. All times are in milliseconds of one clock that
 * never jumps. `trying`: one request is out to see whether the upstream is back; all others are told no meanwhile.
 */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: number; readonly times: number }
  | { readonly kind: 'trying'; readonly since: number; readonly times: number };

export type BreakerEvent =
  | { readonly kind: 'worked' }
  /** `unit`: a random number from 0 to 1, so that many sites do not come back at once. */
  | { readonly kind: 'failed'; readonly now: number; readonly unit: number }
  | { readonly kind: 'asked'; readonly now: number };

export const CLOSED: Breaker = { kind: 'closed', failures: 0 };

/** Two in a row are no accident. */
const MOST_FAILURES = 2;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** A try that was given up without a word does not keep the breaker open for ever. */
const LONGEST_TRY_MS = 30_000;

type Table = {
  readonly [K in Breaker['kind']]: {
    readonly [E in BreakerEvent['kind']]?: (
      state: Extract<Breaker, { kind: K }>,
      event: Extract<BreakerEvent, { kind: E }>,
    ) => Breaker;
  };
};

const TABLE: Table = {
  closed: {
    worked: () => CLOSED,
    failed: ({ failures }, { now, unit }) =>
      failures + 1 >= MOST_FAILURES ? opened(now, unit, 0) : { kind: 'closed', failures: failures + 1 },
  },
  open: {
    worked: () => CLOSED,
    asked: (state, { now }) => (now >= state.until ? { kind: 'trying', since: now, times: state.times } : state),
  },
  trying: {
    worked: () => CLOSED,
    failed: ({ times }, { now, unit }) => opened(now, unit, times + 1),
    asked: (state, { now }) => (now - state.since >= LONGEST_TRY_MS ? { ...state, since: now } : state),
  },
};

/** The next state; what the table does not list changes nothing, such as a late failure of before it opened. */
export function stepBreaker(state: Breaker, event: BreakerEvent): Breaker {
  const step = TABLE[state.kind][event.kind] as ((state: Breaker, event: BreakerEvent) => Breaker) | undefined;
  return step?.(state, event) ?? state;
}

/**
 * Whether to ask now. `next` has to be kept: who is let through an open breaker is the one that tries.
 * @returns `waitMs`: how long the answer stays no, at most
 */
export function askBreaker(
  state: Breaker,
  now: number,
): { readonly next: Breaker; readonly isLet: boolean; readonly waitMs: number } {
  const next = stepBreaker(state, { kind: 'asked', now });
  if (next.kind === 'closed' || next !== state) return { next, isLet: true, waitMs: 0 };
  const until = next.kind === 'open' ? next.until : next.since + LONGEST_TRY_MS;
  return { next, isLet: false, waitMs: Math.max(0, until - now) };
}

function opened(now: number, unit: number, times: number): Breaker {
  const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** times);
  return { kind: 'open', until: now + bound * (0.5 + unit / 2), times };
}
