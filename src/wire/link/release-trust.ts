import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Digest } from '../../kernel/digest.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { KeySet, ReleaseKey, SignedStatement, StatementSignature } from './revision-bundle.ts';
import { statementText } from './signed-texts.ts';

/** What checking needs of cryptography; public keys are raw, keys and signatures base64. */
export type ReleaseCrypto = {
  /** The sha256 of a text in UTF-8. */
  readonly sha256: (text: string) => Digest;
  readonly verify: (publicKey: string, text: string, signature: string) => boolean;
  readonly keyId: (publicKey: string) => string;
};

export type SignatureFault = {
  readonly reason: 'signature-wrong' | 'retired-key' | 'unknown-key';
  /** A sentence. */
  readonly message: string;
};

/** The text of a set, as its keys sign it. */
export function formatKeySet(set: KeySet): string {
  return canonicalJson(set);
}

/**
 * Follows a chain of key sets to its newest. `known` is the set that is believed already; without one the first of the chain
 * is believed as it stands, because it came from head office itself. Older sets than the known one are passed over.
 * Each further set has the next version and the signature of a key of the set before it. Fails with a sentence.
 */
export function followKeySets(
  known: KeySet | undefined,
  chain: readonly SignedStatement[],
  crypto: ReleaseCrypto,
): Result<KeySet, string> {
  let newest = known;
  for (const signed of chain) {
    const set = parseKeySet(signed.statement, crypto);
    if (!set.ok) return set;
    if (newest && set.value.version <= newest.version) continue;
    const fault = newest && stepFault(newest, set.value, signed, crypto);
    if (fault !== undefined) return err(fault);
    newest = set.value;
  }
  return newest ? ok(newest) : err('there is no set of release keys');
}

/** The key that signed a statement, if it may; one good signature is enough, and a wrong one by a known key is too much. */
export function checkSignatures(
  kind: 'revision' | 'key-set',
  { statement, signatures }: SignedStatement,
  keys: KeySet,
  crypto: ReleaseCrypto,
): Result<ReleaseKey, SignatureFault> {
  const text = statementText({ kind, statement: crypto.sha256(statement) });
  const byKnown = signatures.flatMap((signature) => {
    const key = keys.keys.find(({ id }) => id === signature.keyId);
    return key ? [{ key, isGood: crypto.verify(key.publicKey, text, signature.signature) }] : [];
  });
  const wrong = byKnown.find(({ isGood }) => !isGood);
  if (wrong) {
    const message = `the signature of release key ${wrong.key.id} does not fit: what it signed was changed`;
    return err({ reason: 'signature-wrong', message });
  }
  const good = byKnown[0];
  return good ? ok(good.key) : err(strangerFault(signatures, keys));
}

/** Reads the text of a file with the sets of release keys from the first on. They are not followed yet. */
export function parseKeySets(text: string): Result<readonly SignedStatement[], string> {
  let value: { readonly format?: unknown; readonly sets?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    return err('this is not JSON');
  }
  if (value?.format !== 'slipway-key-sets/v1' || !Array.isArray(value.sets) || !value.sets.every(isSigned))
    return err('this is not a file with sets of release keys');
  return ok(value.sets);
}

/** Whether a value has the shape of signatures: a list of who and what, in text. */
export function isSignatures(value: unknown): value is readonly StatementSignature[] {
  const isOne = (one: unknown): boolean => isTexts(one, ['keyId', 'signature']);
  return Array.isArray(value) && value.length < 16 && value.every(isOne);
}

/** Whether a value has the shape of a statement with its signatures. */
export function isSigned(value: unknown): value is SignedStatement {
  const signed = value as Partial<SignedStatement> | null;
  return typeof signed?.statement === 'string' && isSignatures(signed.signatures);
}

function strangerFault(signatures: readonly StatementSignature[], keys: KeySet): SignatureFault {
  const retired = signatures.find(({ keyId }) => Object.hasOwn(keys.retired, keyId));
  if (retired) {
    const since = keys.retired[retired.keyId];
    const message = `release key ${retired.keyId} was retired with key set ${since} and signs nothing any more`;
    return { reason: 'retired-key', message };
  }
  const ids = signatures.map(({ keyId }) => keyId).join(', ') || 'nobody';
  return { reason: 'unknown-key', message: `it is signed by ${ids}, and key set ${keys.version} knows no such key` };
}

function stepFault(before: KeySet, next: KeySet, signed: SignedStatement, crypto: ReleaseCrypto): string | undefined {
  if (next.version !== before.version + 1)
    return `key set ${next.version} does not follow ${before.version}: a set is missing between them`;
  const checked = checkSignatures('key-set', signed, before, crypto);
  return checked.ok ? undefined : `key set ${next.version}: ${checked.error.message}`;
}

function parseKeySet(text: string, crypto: ReleaseCrypto): Result<KeySet, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('a set of release keys is not JSON');
  }
  if (!isKeySet(value) || canonicalJson(value) !== text)
    return err('a set of release keys is not written as it should be');
  const misnamed = value.keys.find(({ id, publicKey }) => crypto.keyId(publicKey) !== id);
  return misnamed ? err(`key set ${value.version} has a key that is not ${misnamed.id}, as it says`) : ok(value);
}

function isKeySet(value: unknown): value is KeySet {
  const set = value as Partial<KeySet> | null;
  return (
    typeof set === 'object' &&
    set?.format === 'slipway-keys/v1' &&
    Number.isSafeInteger(set.version) &&
    Array.isArray(set.keys) &&
    set.keys.length > 0 &&
    set.keys.every(isReleaseKey) &&
    typeof set.retired === 'object' &&
    set.retired !== null &&
    Object.values(set.retired).every(Number.isSafeInteger) &&
    Object.keys(set).length === 4
  );
}

function isReleaseKey(value: unknown): value is ReleaseKey {
  return isTexts(value, ['id', 'publicKey', 'comment']);
}

/** Whether a value has these texts and nothing beside them: what hangs on it could be as deep as it likes. */
export function isTexts(value: unknown, keys: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === keys.length &&
    keys.every((key) => typeof Reflect.get(value, key) === 'string')
  );
}
