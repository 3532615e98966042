import type { Clock, Log } from '../../kernel/ports.ts';
import type { PrivateFiles } from '../../model/fleet/private-files.ts';
import { isDueForRenewal, leafValidity } from '../../model/fleet/validity.ts';
import type { CertificateFacts, Issuer, LeafRole, X509 } from '../../model/fleet/x509.ts';
import type { LinkIdentity } from '../../wire/link/ports.ts';
import type { Authority } from './authority.ts';
import { formatPem, parsePem } from './pem.ts';

export type OwnLeafParts = {
  readonly authority: Authority;
  readonly files: PrivateFiles;
  readonly x509: X509;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};

/** A certificate of head office itself, such as that of its TLS. It costs nothing to make another one with another key. */
export interface OwnLeaf {
  current(): LinkIdentity;
  /** Makes the next one if it is time. true: there is another one now. Rejects with an AppError if the disk is in the way. */
  renewIfDue(): Promise<boolean>;
}

/** Reads the leaf of that role from its file, and makes one if there is none that is good. */
export async function openOwnLeaf(
  leaf: Exclude<LeafRole, { role: 'site' }>,
  { authority, files, x509, clock, log }: OwnLeafParts,
): Promise<OwnLeaf> {
  const file = `${leaf.role}.pem`;
  const hosts = leaf.role === 'server' ? leaf.hosts : [];
  let pair = await make();

  async function make(): Promise<Issuer> {
    const kept = parsePem((await files.read(file)) ?? '')?.[0];
    if (kept && isGood(kept)) return kept;
    const key = x509.createKey();
    const { publicKey } = x509.publicKeyOf(key);
    const validity = leafValidity(clock.now());
    const made = { key, certificate: await x509.issue({ ...leaf, publicKey, validity }, authority.current) };
    await files.write(file, formatPem([made]));
    log.info(
      { role: leaf.role, until: new Date(validity.notAfter).toISOString() },
      'head office has a new certificate',
    );
    return made;
  }

  function isGood({ key, certificate }: Issuer): boolean {
    const now = clock.now();
    // By the current root: one by the root before it ends with it.
    const found = x509.verify([certificate], [authority.current.certificate], now);
    return found.ok && !isDueForRenewal(found.value, now) && fits(found.value, key, certificate);
  }

  function fits(facts: CertificateFacts, key: string, certificate: Uint8Array): boolean {
    if (facts.role !== leaf.role || !x509.namesHosts(certificate, hosts)) return false;
    try {
      return x509.publicKeyOf(key).keyDigest === facts.keyDigest;
    } catch {
      return false;
    }
  }

  return {
    current: () => ({ chain: [pair.certificate], privateKey: pair.key }),
    renewIfDue: async () => {
      if (isGood(pair)) return false;
      pair = await make();
      return true;
    },
  };
}
