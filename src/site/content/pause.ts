import type { Clock, Random } from '../../kernel/ports.ts';

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** What a pause needs. */
export type PauseDeps = { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal };

/** Waits before a source that was cut off is asked again: half a second at first, then longer with each of its `tries`. */
export async function pause(tries: number, { clock, random, signal }: PauseDeps): Promise<void> {
  const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (tries - 1));
  const { promise: over, resolve } = Promise.withResolvers<void>();
  // Many sites that were cut off together do not come back together.
  const cancel = clock.after(longestMs * (0.5 + random.unit() / 2), resolve);
  await unlessStopped(over, signal);
  cancel();
}

/** Waits for `work`, but not longer than until `signal`. */
export async function unlessStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort);
  await Promise.race([work, stopped]);
  signal.removeEventListener('abort', onAbort);
}
