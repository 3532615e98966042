import { AppError } from '../../kernel/errors.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { SignedKeySet } from '../../wire/link/gen/link.ts';
import { followKeySets, type ReleaseCrypto } from '../../wire/link/release-trust.ts';
import type { KeySet, SignedStatement } from '../../wire/link/revision-bundle.ts';

/** In `meta`: the chain of key sets from the first on. */
const KEY = 'key-sets';

export async function readKeySets(tx: HubTx): Promise<readonly SignedStatement[]> {
  return ((await tx.get('meta', KEY)) as readonly SignedStatement[] | undefined) ?? [];
}

/** As sites are given them. */
export async function keySetsForSites(tx: HubTx): Promise<readonly SignedKeySet[]> {
  return (await readKeySets(tx)).map(({ statement, signatures }) => ({
    statement: Buffer.from(statement, 'utf8'),
    signatures: signatures.map(({ keyId, signature }) => ({ keyId, signature: Buffer.from(signature, 'base64') })),
  }));
}

/** The newest set that head office believes; undefined: it was given none. */
export async function newestKeys(tx: HubTx, crypto: ReleaseCrypto): Promise<KeySet | undefined> {
  const sets = await readKeySets(tx);
  if (sets.length === 0) return undefined;
  return unwrapped(followKeySets(undefined, sets, crypto));
}

/**
 * Follows a chain that came with a file or a push. It must go on from what is believed here, and is kept if it goes further.
 * The first one is believed as it stands only if `mayBegin`: it comes from the hub's own file.
 * @throws AppError `push-refused` if it does not follow
 */
export async function followSets(
  tx: HubTx,
  sets: readonly SignedStatement[],
  { crypto, mayBegin }: { readonly crypto: ReleaseCrypto; readonly mayBegin: boolean },
): Promise<{ readonly keys: KeySet; readonly chain: readonly SignedStatement[]; readonly isNew: boolean }> {
  const here = await readKeySets(tx);
  if (here.length === 0 && !mayBegin)
    throw new AppError(
      'push-refused',
      'head office was given no release keys: name the key set in releaseKeys of its file',
    );
  const before = here.length === 0 ? undefined : unwrapped(followKeySets(undefined, here, crypto));
  const keys = unwrapped(followKeySets(before, sets, crypto));
  const isNew = keys.version !== before?.version;
  // Only what was followed is kept: the sets behind the newest that was here.
  const further = sets.slice(-(keys.version - (before?.version ?? 0)));
  return { keys, isNew, chain: isNew ? [...here, ...further] : here };
}

/** Writes down a chain that was followed. */
export async function keepSets(tx: HubTx, chain: readonly SignedStatement[]): Promise<void> {
  await tx.put('meta', KEY, chain);
}

function unwrapped(followed: ReturnType<typeof followKeySets>): KeySet {
  if (followed.ok) return followed.value;
  throw new AppError('push-refused', followed.error);
}
