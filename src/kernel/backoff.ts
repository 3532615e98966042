import type { Random } from './ports.ts';

/** How long to wait before the n-th next try; all in milliseconds. */
export type BackoffSettings = { readonly firstMs: number; readonly factor: number; readonly maxMs: number };

/**
 * An endless list of waits with full jitter: each is drawn from 0 to a bound that grows from `firstMs` by `factor` up
 * to `maxMs`, so that many who failed together do not come back together.
 */
export function* backoff(settings: BackoffSettings, random: Random): Generator<number, never, undefined> {
  let bound = settings.firstMs;
  for (;;) {
    yield Math.floor(random.unit() * bound);
    bound = Math.min(bound * settings.factor, settings.maxMs);
  }
}
