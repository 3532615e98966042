import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import type { Limits, Trust } from '../../wire/link/gen/link.ts';
import type { Caller } from '../../wire/link/handlers.ts';

/** Hears of an entry that changed, after it is on disk; `value` is undefined if it is gone. */
export type StateListener = (site: string, key: string, value: unknown) => void;

export type SitesDeps = {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What each site is to keep to now. */
  readonly limits: () => Limits;
  readonly identity: {
    /** What a site with this key set is to learn of whom it believes; undefined: nothing new. */
    trustFor(caller: Caller, keySetVersion: number): Promise<Trust | undefined>;
    wantsRenewal(caller: Caller): Promise<boolean>;
  };
};
