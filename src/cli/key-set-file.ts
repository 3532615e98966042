import { readText, writeAtomic } from '../adapters/node/files.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { type OpenReleaseKey, releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { AppError } from '../kernel/errors.ts';
import { followKeySets, formatKeySet, parseKeySets, type ReleaseCrypto } from '../wire/link/release-trust.ts';
import type { KeySet, SignedStatement } from '../wire/link/revision-bundle.ts';
import { statementText } from '../wire/link/signed-texts.ts';

/** The real cryptography for the decisions about release keys. */
export const releaseCrypto: ReleaseCrypto = { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId };

/** The sets of release keys from the first on, as they lie in a file; nothing in it is secret. */
export type KeySetChain = { readonly sets: readonly SignedStatement[]; readonly newest: KeySet };

/**
 * Reads the file and follows it to the newest set.
 * @returns undefined if there is no such file
 * @throws AppError `usage-invalid` if it is no chain of sets
 */
export async function readKeySets(path: string): Promise<KeySetChain | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const sets = parseKeySets(text);
  const newest = sets.ok ? followKeySets(undefined, sets.value, releaseCrypto) : sets;
  if (!newest.ok || !sets.ok) throw new AppError('usage-invalid', `${path}: ${newest.ok ? '' : newest.error}`);
  return { sets: sets.value, newest: newest.value };
}

/** Appends a set to the chain in the file, signed by a key of the one before (the first by its own). */
export async function writeKeySet(
  path: string,
  before: readonly SignedStatement[],
  next: KeySet,
  by: OpenReleaseKey,
): Promise<void> {
  const statement = formatKeySet(next);
  const signature = by.sign(statementText({ kind: 'key-set', statement: sha256OfText(statement) }));
  const sets = [...before, { statement, signatures: [{ keyId: by.id, signature }] }];
  await writeAtomic(path, `${JSON.stringify({ format: 'slipway-key-sets/v1', sets }, null, 2)}\n`);
}
