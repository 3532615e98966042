/**
 * Where the link to head office stands. `waiting`: until its time, or until a person types a code. `idle`: without a code there
 * is nothing to do. The others are what is being done now.
 */
export type LinkState = 'waiting' | 'idle' | 'time' | 'identity' | 'hello' | 'online';

/**
 * What came of it. `moved`: this box is somebody else now (enrolled, recovered), so everything begins anew. `again`: head office
 * wants another Hello. `aside`: it is one of two boxes with this identity.
 */
export type LinkEvent = 'due' | 'woken' | 'done' | 'need-code' | 'moved' | 'again' | 'aside' | 'failed';

/** The machine of the link. A pair that is not listed keeps the state. */
export const LINK_TABLE: Readonly<Record<LinkState, Readonly<Partial<Record<LinkEvent, LinkState>>>>> = {
  waiting: { due: 'time', woken: 'time' },
  idle: { woken: 'time' },
  // Who has no roots yet has nobody to believe: it is done at once.
  time: { done: 'identity', failed: 'waiting' },
  identity: { done: 'hello', moved: 'time', 'need-code': 'idle', failed: 'waiting' },
  hello: { done: 'online', aside: 'waiting', failed: 'waiting' },
  online: { again: 'hello', moved: 'time', failed: 'waiting' },
};

export function nextLinkState(state: LinkState, event: LinkEvent): LinkState {
  return LINK_TABLE[state][event] ?? state;
}

const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;
/** A store that opens switches on all of its boxes at once, and so does a power cut that ends. */
export const BOOT_DELAY_MS = 60_000;

/**
 * How long to wait after the `failures`th failure in a row (from 1 on): drawn from 0 to a bound that doubles, so that those who failed together
 * do not come back together; and what head office asked for first.
 */
export function retryDelayMs(failures: number, pauseMs: number, unit: number): number {
  const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.floor(Math.min(pauseMs, LONGEST_MS) + unit * bound);
}

/** The wait before the next Sync. Head office paces it; within bounds, since a wrong number must neither stop a site nor let it spin. */
export function pollDelayMs(pollAfterMs: number, unit: number): number {
  const asked = Math.min(Math.max(pollAfterMs, 250), 60 * 60_000);
  return Math.floor(asked * (0.5 + unit / 2));
}
