import type { Clock, Random } from '../../kernel/ports.ts';
import type { DesiredRevision } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { Limits, SyncRequest, SyncResponse } from '../../wire/link/gen/link.ts';
import type { Caller, SiteLinkHandler } from '../../wire/link/handlers.ts';
import type { Bell } from '../../wire/link/ports.ts';
import { findDesired } from './find-desired.ts';

export type SyncDeps = {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly bell: Bell;
  readonly limits: () => Limits;
  /** Notes that the site was heard. Rejects with a Refusal if this session does not speak for it. */
  readonly admit: (caller: Caller, session: string) => Promise<void>;
  /** Whether the site is to say Hello before it is given anything, such as the keys by which it would believe that. */
  readonly wantsHello: (tx: HubTx, caller: Caller, session: string) => Promise<boolean>;
};

/** An answer waits at most so long: proxies end a request after a minute. */
const LONGEST_WAIT_MS = 55_000;
/** More that wait are answered at once, and come by polling. */
const MOST_WAITING = 10_000;

/** The handler of Sync: what a site is to have, at once or as soon as there is something. */
export function createSync(deps: SyncDeps): SiteLinkHandler<'sync'> {
  let waiting = 0;
  return async (caller, request, signal) => {
    await deps.admit(caller, request.session);
    const waitMs = Math.min(request.waitMs, LONGEST_WAIT_MS);
    if (waitMs <= 0 || waiting >= MOST_WAITING) return answer(deps, await look(deps, caller, request), false);
    waiting += 1;
    try {
      return answer(deps, await waitFor(deps, { caller, request, waitMs, signal }), true);
    } finally {
      waiting -= 1;
    }
  };
}

/** undefined: nothing new. */
type News = DesiredRevision | 'hello' | undefined;

async function look({ store, wantsHello }: SyncDeps, caller: Caller, request: SyncRequest): Promise<News> {
  return store.read(async (tx) => {
    if (await wantsHello(tx, caller, request.session)) return 'hello';
    const found = await findDesired(tx, caller.site, Number(request.highestNumber));
    return found?.bundle === Buffer.from(request.haveBundle).toString('hex') ? undefined : found;
  });
}

type Waiting = {
  readonly caller: Caller;
  readonly request: SyncRequest;
  readonly waitMs: number;
  readonly signal: AbortSignal;
};

async function waitFor(deps: SyncDeps, { caller, request, waitMs, signal }: Waiting): Promise<News> {
  const until = deps.clock.monotonic() + waitMs;
  for (;;) {
    // Listens before it looks, so that nothing falls between.
    const bell = listen(deps, caller.site, until, signal);
    try {
      const found = await look(deps, caller, request);
      if (found || signal.aborted || deps.clock.monotonic() >= until) return found;
      await bell.rung;
    } finally {
      bell.stop();
    }
  }
}

/** Resolves at the next ring, at `until`, or when nobody waits for the answer any more. */
function listen({ bell, clock }: SyncDeps, site: string, until: number, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stops = [bell.onRing(site, resolve), clock.after(Math.max(0, until - clock.monotonic()), resolve)];
  signal.addEventListener('abort', () => resolve(), { once: true });
  return {
    rung: promise,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

/** Who waited here may come again soon; who did not, keeps to the pace. Full jitter: a store opens with many others. */
function answer({ random, limits }: SyncDeps, news: News, hasWaited: boolean): SyncResponse {
  const desired = news === 'hello' ? undefined : news;
  const { pollMinMs, pollMaxMs } = limits();
  const most = hasWaited ? pollMinMs : Math.max(pollMaxMs - pollMinMs, 0);
  const pollAfterMs = Math.round((hasWaited ? 0 : pollMinMs) + random.unit() * most);
  return {
    desired: desired && {
      number: BigInt(desired.number),
      bundle: Buffer.from(desired.bundle, 'hex'),
      sizeBytes: BigInt(desired.sizeBytes),
      publication: desired.publication,
    },
    pollAfterMs,
    hello: news === 'hello',
  };
}
