import { backoff } from '../../kernel/backoff.ts';
import type { Random } from '../../kernel/ports.ts';

/** Never hammer a source that has just said no. */
const LEAST_MS = 2_000;

/** Milliseconds to wait before each next try of an asset: a few seconds at first, a few minutes in a long outage. */
export function* retryDelays(random: Random): Generator<number, never, undefined> {
  const delays = backoff({ firstMs: 5_000, factor: 2, maxMs: 300_000 }, random);
  for (;;) yield LEAST_MS + delays.next().value;
}
