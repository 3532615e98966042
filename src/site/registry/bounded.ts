import type { Clock } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { CallFailed, unreachable } from './failures.ts';
import type { Ask, UpstreamFailure } from './upstream-port.ts';

/** Runs work that may fail as upstreams do, and makes a Result of it. */
export async function answered<T>(
  ask: Ask | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Result<T, UpstreamFailure>> {
  try {
    return ok(await work(ask?.signal ?? new AbortController().signal));
  } catch (thrown) {
    if (thrown instanceof CallFailed) return err(thrown.failure);
    throw thrown;
  }
}

/** The same with an end: what has not answered in `mostMs`, tokens and redirects included, is unreachable. */
export async function bounded<T>(
  { signal, mostMs, clock }: Ask & { readonly mostMs: number; readonly clock: Clock },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Result<T, UpstreamFailure>> {
  const limit = new AbortController();
  const cancel = clock.after(mostMs, () => limit.abort(unreachable(`does not answer within ${mostMs / 1000} s`)));
  try {
    return await answered({ signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal }, work);
  } finally {
    cancel();
  }
}
