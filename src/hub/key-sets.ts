import { readText } from '../adapters/node/files.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { AppError } from '../kernel/errors.ts';
import type { SignedKeySet } from '../wire/link/gen/link.ts';
import { followKeySets, parseKeySets } from '../wire/link/release-trust.ts';
import type { KeySet, SignedStatement } from '../wire/link/revision-bundle.ts';

const crypto = { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId };

/** The sets of release keys as sites are given them, and the newest of them; undefined: there is none. */
export type KeySets = { readonly chain: readonly SignedKeySet[]; readonly newest: KeySet | undefined };

/**
 * Reads the files that `releaseKeys` of the hub file names.
 * @throws AppError `config-invalid` if one cannot be read, or a set in it is signed by no key of the one before
 */
export async function readKeySets(paths: readonly string[]): Promise<KeySets> {
  const sets: SignedStatement[] = [];
  for (const path of paths) {
    const text = await readText(path);
    const parsed = text === undefined ? undefined : parseKeySets(text);
    if (!parsed?.ok) throw invalid(path, parsed?.error ?? 'there is no such file');
    sets.push(...parsed.value);
  }
  if (sets.length === 0) return { chain: [], newest: undefined };
  const newest = followKeySets(undefined, sets, crypto);
  if (!newest.ok) throw invalid(paths.join(', '), newest.error);
  return { chain: sets.map(asMessage), newest: newest.value };
}

function asMessage({ statement, signatures }: SignedStatement): SignedKeySet {
  return {
    statement: Buffer.from(statement),
    signatures: signatures.map(({ keyId, signature }) => ({ keyId, signature: Buffer.from(signature, 'base64') })),
  };
}

function invalid(path: string, because: string): AppError {
  return new AppError('config-invalid', `${path}, named in releaseKeys: ${because}`);
}
