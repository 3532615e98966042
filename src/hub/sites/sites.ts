import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { Limits } from '../../wire/link/gen/link.ts';
import type { Caller, LinkHandlers } from '../../wire/link/handlers.ts';
import type { SitesDeps, StateListener } from './deps.ts';
import { createHello } from './hello.ts';
import { createPutState } from './put-state.ts';
import { createReport } from './report.ts';
import { admit, wantsHello } from './sessions.ts';

/** What sites say: who speaks for one, what happened there, and how it is there now. */
export interface Sites {
  readonly handlers: Pick<LinkHandlers, 'hello' | 'report' | 'putState'>;
  /** The answer ends it. */
  onState(listener: StateListener): () => void;
  /**
   * For each other call of a site: notes that it was heard. Rejects with the Refusal `hello-first` if `session` is not the one that
   * speaks for the site.
   */
  admit(caller: Caller, session: string): Promise<void>;
  /** Whether it is to say Hello once more: there are newer release keys, or what it said of itself is old. */
  wantsHello(tx: HubTx, caller: Caller, session: string): Promise<boolean>;
}

/** Of a hub that has no other wishes. */
export const LIMITS: Limits = {
  pollMinMs: 5_000,
  pollMaxMs: 60_000,
  maxBatchItems: 200,
  maxBatchBytes: 512 * 1024,
  pauseMs: 0,
};

export function createSites(deps: SitesDeps): Sites {
  let listeners: readonly StateListener[] = [];
  const tell: StateListener = (site, key, value) => {
    for (const listener of listeners) {
      try {
        listener(site, key, value);
      } catch (error) {
        // It is on disk; whoever cannot hear of it must not keep the site from going on.
        deps.log.error({ error, site, key }, 'a listener to the state of sites failed');
      }
    }
  };
  return {
    handlers: {
      hello: createHello(deps, deps.clock.now()),
      report: createReport(deps),
      putState: createPutState(deps, tell),
    },
    onState: (listener) => {
      const own: StateListener = (...said) => listener(...said);
      listeners = [...listeners, own];
      return () => {
        listeners = listeners.filter((each) => each !== own);
      };
    },
    admit: (caller, session) => admit(deps, caller, session),
    wantsHello: (tx, caller, session) => wantsHello(tx, deps, caller, session),
  };
}
