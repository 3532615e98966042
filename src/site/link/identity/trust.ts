import type { Log } from '../../../kernel/ports.ts';
import type { X509 } from '../../../model/fleet/x509.ts';
import { SignedKeySet, type Trust } from '../../../wire/link/gen/link.ts';
import { followKeySets, type ReleaseCrypto } from '../../../wire/link/release-trust.ts';
import type { KeySet, SignedStatement } from '../../../wire/link/revision-bundle.ts';
import { type KeptIdentity, toBytes, toText } from './kept.ts';

export type TrustParts = { readonly x509: X509; readonly releaseCrypto: ReleaseCrypto; readonly log: Log };
export type KeptTrust = Pick<KeptIdentity, 'roots' | 'keySets'>;

/** A trust as it is kept. */
export function keptTrust(trust: Trust | undefined): KeptTrust {
  return {
    roots: (trust?.roots ?? []).map(toText),
    keySets: (trust?.keySets ?? []).map((set) => toText(SignedKeySet.encode(set).finish())),
  };
}

/** What of a proved answer follows from what is believed now; the rest is not taken, and said. The very same parts if nothing is new. */
export function nextTrust(trust: Trust | undefined, identity: KeptIdentity, parts: TrustParts): KeptTrust {
  const { roots, keySets } = keptTrust(trust);
  return {
    roots: isNew(roots, identity.roots) && areOurs(roots, identity, parts) ? roots : identity.roots,
    keySets: isNew(keySets, identity.keySets) && doFollow(keySets, identity, parts) ? keySets : identity.keySets,
  };
}

/** The newest of the sets of release keys, if they follow each other. */
export function newestKeySet(keySets: readonly string[], crypto: ReleaseCrypto): KeySet | undefined {
  const found = followKeySets(undefined, keySets.map(toStatement), crypto);
  return found.ok ? found.value : undefined;
}

/** Roots that this box does not come from would make it a stranger to itself. */
function areOurs(roots: readonly string[], { chain }: KeptIdentity, { x509, log }: TrustParts): boolean {
  const areThey = x509.verify(chain.map(toBytes), roots.map(toBytes), undefined).ok;
  if (!areThey) log.warn({}, 'head office named roots that this site does not come from; they are not taken');
  return areThey;
}

function doFollow(keySets: readonly string[], identity: KeptIdentity, { releaseCrypto, log }: TrustParts): boolean {
  const known = newestKeySet(identity.keySets, releaseCrypto);
  const next = followKeySets(known, keySets.map(toStatement), releaseCrypto);
  if (!next.ok)
    log.warn({ reason: next.error }, 'head office named release keys that do not follow; they are not taken');
  return next.ok && next.value.version > (known?.version ?? 0);
}

function isNew(next: readonly string[], known: readonly string[]): boolean {
  return next.length > 0 && next.join() !== known.join();
}

function toStatement(kept: string): SignedStatement {
  const { statement, signatures } = SignedKeySet.decode(toBytes(kept));
  return {
    statement: new TextDecoder().decode(statement),
    signatures: signatures.map(({ keyId, signature }) => ({ keyId, signature: toText(signature) })),
  };
}
