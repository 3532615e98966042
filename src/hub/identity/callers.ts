import type { Clock } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import type { CertificateFacts, ChainFailure, X509 } from '../../model/fleet/x509.ts';
import type { CallerCheck } from '../../wire/link/ports.ts';
import { Refusal, type RefusalReason } from '../../wire/link/refusals.ts';
import type { Authority } from './authority.ts';
import { certificateKey } from './issue.ts';

/** Of what head office has taken back; in memory, because it is asked for with each call. */
export interface Withdrawn {
  /** A certificate that counts no more. */
  revoke(site: string, serial: string): void;
  /** A site that was closed, and one that was opened again. */
  retire(site: string): void;
  reopen(site: string): void;
  isRevoked(site: string, serial: string): boolean;
  isRetired(site: string): boolean;
}

/** Certificates that the database has a row of, `SITE/SERIAL`. */
export type WithRow = Set<string>;

/** What was issued and taken back until now. Whoever writes either down says so here once it is on disk. */
export async function readIssued(
  store: HubStore,
): Promise<{ readonly withdrawn: Withdrawn; readonly withRow: WithRow }> {
  const [certificates, sites] = await store.read(async (tx) => [await tx.list('certificates'), await tx.list('sites')]);
  const revoked = new Set(certificates.filter(({ row }) => row.revoked).map(({ row }) => `${row.site}/${row.serial}`));
  const retired = new Set(sites.filter(({ row }) => row.state === 'retired').map(({ key }) => key));
  const withdrawn: Withdrawn = {
    revoke: (site, serial) => void revoked.add(`${site}/${serial}`),
    retire: (site) => void retired.add(site),
    reopen: (site) => void retired.delete(site),
    isRevoked: (site, serial) => revoked.has(`${site}/${serial}`),
    isRetired: (site) => retired.has(site),
  };
  return { withdrawn, withRow: new Set(certificates.map(({ key }) => key)) };
}

const REASONS: Readonly<Record<ChainFailure['kind'], RefusalReason>> = {
  missing: 'certificate-missing',
  malformed: 'certificate-foreign',
  foreign: 'certificate-foreign',
  'not-yet': 'certificate-not-yet',
  expired: 'certificate-expired',
};

/**
 * Whose certificate it is, as far as that can be said without looking at the time if `nowMs` is undefined.
 * A certificate that the database has no row of counts: after a restore there are such, and our root has signed it.
 */
export function whoseCertificate(
  chain: readonly Uint8Array[],
  nowMs: number | undefined,
  { authority, withdrawn, x509 }: { authority: Pick<Authority, 'roots'>; withdrawn: Withdrawn; x509: X509 },
): Result<CertificateFacts & { readonly site: string }, Refusal> {
  const refuse = (reason: RefusalReason, because: string) => err(new Refusal(reason, because));
  const found = x509.verify(chain, authority.roots(), nowMs);
  const facts = found.ok ? found.value : found.error.facts;
  // What was taken back goes before what is over: asking for a new one would not help.
  if (facts?.site !== undefined && (found.ok || found.error.kind !== 'foreign')) {
    const { site, serial } = facts;
    if (withdrawn.isRetired(site)) return refuse('site-retired', `site ${site} was closed at head office`);
    if (withdrawn.isRevoked(site, serial))
      return refuse('certificate-revoked', `the certificate ${serial} of site ${site} was revoked at head office`);
  }
  if (!found.ok) return refuse(REASONS[found.error.kind], found.error.because);
  const { site } = found.value;
  if (site === undefined) return refuse('certificate-foreign', 'the certificate is not one of a site');
  return ok({ ...found.value, site });
}

/** `onUnknown` hears of a good certificate that there is no row of. */
export function createCallerCheck(parts: {
  readonly authority: Pick<Authority, 'roots'>;
  readonly withdrawn: Withdrawn;
  readonly x509: X509;
  readonly clock: Pick<Clock, 'now'>;
  readonly withRow: WithRow;
  readonly onUnknown: (facts: CertificateFacts & { readonly site: string }) => void;
}): CallerCheck {
  return {
    check: (chain) => {
      const found = whoseCertificate(chain, parts.clock.now(), parts);
      if (found.ok && !parts.withRow.has(certificateKey(found.value))) parts.onUnknown(found.value);
      return found;
    },
  };
}
