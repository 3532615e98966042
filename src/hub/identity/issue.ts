import type { Digest } from '../../kernel/digest.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { Approval } from '../../model/fleet/approval.ts';
import type { IssuedCertificate } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { leafValidity } from '../../model/fleet/validity.ts';
import type { RequestFacts, X509 } from '../../model/fleet/x509.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { type Authority, digestOf } from './authority.ts';
import { approvalKey } from './policy/recovery.ts';

/** RFC 2986 with a key on P-256 has some 250 bytes. */
const MOST_CSR_BYTES = 4_096;

export type IssueParts = {
  readonly authority: Authority;
  readonly x509: X509;
  readonly clock: Pick<Clock, 'now'>;
};
/** A certificate and its row, which is not written yet: whoever asked is given it after the commit, or never. */
export type Issued = { readonly certificate: Uint8Array; readonly row: IssuedCertificate };

/** A certificate for a site. What a request says of itself counts for nothing but its key. */
export async function issueForSite(
  site: string,
  request: RequestFacts,
  how: IssuedCertificate['how'],
  { authority, x509, clock }: IssueParts,
): Promise<Issued> {
  const now = clock.now();
  const validity = leafValidity(now);
  const { publicKey, keyDigest } = request;
  const issuer = authority.current;
  const certificate = await x509.issue({ role: 'site', site, publicKey, validity }, issuer);
  const found = x509.read(certificate);
  if (!found.ok) throw new Error(found.error);
  const root = digestOf(issuer.certificate);
  return { certificate, row: { site, serial: found.value.serial, keyDigest, root, ...validity, issuedAt: now, how } };
}

export function certificateKey({ site, serial }: { readonly site: string; readonly serial: string }): string {
  return `${site}/${serial}`;
}

/** Reads a request for a certificate. Rejects with a Refusal. */
export async function readCsr(csr: Uint8Array, x509: X509): Promise<RequestFacts> {
  const found = await (csr.length <= MOST_CSR_BYTES
    ? x509.readRequest(csr)
    : { ok: false as const, error: 'the request for a certificate is too large' });
  if (!found.ok) throw new Refusal('request-malformed', found.error);
  return found.value;
}

/** A box whose certificate was taken back waits for nobody's yes any more. */
export async function forgetApproval(tx: HubTx, site: string, revoked: readonly string[]): Promise<void> {
  const approval = (await tx.get('meta', approvalKey(site))) as Approval | undefined;
  if (approval && revoked.includes(approval.serial)) await tx.delete('meta', approvalKey(site));
}

/** Revokes all of a site's certificates that are not of this key, and answers with their serial numbers. */
export async function revokeOthers(
  tx: HubTx,
  site: string,
  keep: Digest | undefined,
  revoked: NonNullable<IssuedCertificate['revoked']>,
): Promise<readonly string[]> {
  const rows = await tx.list('certificates', { prefix: `${site}/` });
  const others = rows.filter(({ row }) => row.keyDigest !== keep && !row.revoked);
  for (const { key, row } of others) await tx.put('certificates', key, { ...row, revoked });
  return others.map(({ row }) => row.serial);
}
