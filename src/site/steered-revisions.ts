import type { Digest } from '../kernel/digest.ts';
import { parseDuration } from '../kernel/duration.ts';
import type { Clock, Random } from '../kernel/ports.ts';
import type { Revision } from '../model/revision.ts';
import { openApplyFiles } from './apply-files.ts';
import type { HubSettings } from './config.ts';
import { createDown } from './link/down/down.ts';
import type { RunningDown } from './link/down/ports.ts';
import { trialRules } from './link/policy/trial.ts';
import { type KeeperDeps, openRevisionKeeper } from './revision-keeper.ts';
import { createRevisionSeat, type SeatDeps } from './revision-seat.ts';
import type { Revisions } from './revisions.ts';

export type SteeredDeps = KeeperDeps &
  Omit<SeatDeps, 'keeper' | 'onSecrets'> & {
    readonly hub: HubSettings;
    readonly clock: Clock;
    readonly random: Random;
    readonly onSecrets: SeatDeps['onSecrets'];
    /** Whether this process came to serve nodes. */
    readonly hasServed: () => boolean;
  };

/** The revisions of a site that head office steers. */
export interface SteeredRevisions extends Revisions {
  readonly down: RunningDown;
}

/**
 * Puts in force what was confirmed last, or goes on with its trial. Without any the site waits: what head office sends comes
 * in through `down`. Before the first of head office, the last revision of a site that made its own goes on.
 * @throws AppError if the data directory cannot be used
 */
export async function startSteeredRevisions(deps: SteeredDeps): Promise<SteeredRevisions> {
  const keeper = await openRevisionKeeper(deps);
  await keeper.resume();
  const seat = createRevisionSeat({ ...deps, keeper });
  const files = await openApplyFiles(deps.dataDir, deps.log);
  const rules = trialRules(parseDuration(deps.hub.trial) ?? 0);
  const down = createDown({
    files,
    seat,
    rules,
    store: deps.store,
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
  });
  await down.start();
  await keeper.settle();
  return {
    down,
    current: (): Revision | undefined => keeper.current(),
    get: (digest: Digest) => keeper.get(digest),
    inUse: () => keeper.inUse(),
    refusal: () => undefined,
    stop: () => down.stop({ counts: !deps.hasServed() }),
  };
}
