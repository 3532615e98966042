import type { Digest } from '../../kernel/digest.ts';
import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { HelloResponse, Limits } from '../../wire/link/gen/link.ts';
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
    /** What a site is to learn of whom it believes, if something is new to it, and whether it is to renew now. */
    atHello(
      tx: HubTx,
      caller: Caller,
      said: { readonly keySetVersion: number; readonly roots: readonly Digest[] },
    ): Promise<Pick<HelloResponse, 'trust' | 'renew'>>;
    /** Version of the newest set of release keys; 0: there is none. */
    keySetVersion(tx: HubTx): Promise<number>;
  };
};
