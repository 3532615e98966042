import { AppError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { PushDesk } from '../../wire/api/pushes.ts';
import type { SignedKeySet } from '../../wire/link/gen/link.ts';
import type { LinkHandlers } from '../../wire/link/handlers.ts';
import { parseKeySets } from '../../wire/link/release-trust.ts';
import { createPushDesk } from './desk.ts';
import { createFetch } from './fetch.ts';
import type { IntakeDeps } from './intake.ts';
import { followSets, keepSets, keySetsForSites, newestKeys } from './key-sets.ts';
import { sweepUnnamed } from './unnamed.ts';

export type RevisionsDeps = IntakeDeps & {
  readonly log: Log;
  /** The files that `releaseKeys` of the hub's file names, read. */
  readonly keySetFiles: readonly { readonly path: string; readonly text: string }[];
};

/** What was pushed: how it comes in, and how a site gets its part of it. */
export type Revisions = {
  readonly desk: PushDesk;
  readonly handlers: Pick<LinkHandlers, 'fetch'>;
  /** As sites are given them. */
  readonly keySets: (tx: HubTx) => Promise<readonly SignedKeySet[]>;
  /** Of the newest set; 0: there is none. */
  readonly keySetVersion: (tx: HubTx) => Promise<number>;
};

/** Opens the room. Rejects with `config-invalid` if a key set does not follow from what this head office has believed so far. */
export async function openRevisions(deps: RevisionsDeps): Promise<Revisions> {
  const swept = await sweepUnnamed(deps.store);
  if (swept > 0) deps.log.info({ bundles: swept }, 'what a push left that was cut short is cleared away');
  for (const file of deps.keySetFiles) await takeKeySets(file, deps);
  return {
    desk: createPushDesk(deps),
    handlers: { fetch: createFetch(deps.store) },
    keySets: keySetsForSites,
    keySetVersion: async (tx) => (await newestKeys(tx, deps.crypto))?.version ?? 0,
  };
}

async function takeKeySets(
  { path, text }: RevisionsDeps['keySetFiles'][number],
  { store, crypto, log }: RevisionsDeps,
): Promise<void> {
  const sets = parseKeySets(text);
  if (!sets.ok) throw new AppError('config-invalid', `${path}, named in releaseKeys: ${sets.error}`);
  try {
    const followed = await store.work(async (tx) => {
      const next = await followSets(tx, sets.value, { crypto, mayBegin: true });
      if (next.isNew) await keepSets(tx, next.chain);
      return next;
    });
    if (followed.isNew) log.info({ version: followed.keys.version }, 'a new set of release keys is believed');
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'push-refused') throw error;
    throw new AppError('config-invalid', `${path}, named in releaseKeys: ${error.message}`, { cause: error });
  }
}
