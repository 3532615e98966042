import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { Limits, Trust } from '../../wire/link/gen/link.ts';

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
    /** Whom a site is to believe. */
    trust(tx: HubTx): Promise<Trust>;
    /** Version of the newest set of release keys; 0: there is none. */
    keySetVersion(tx: HubTx): Promise<number>;
  };
};
