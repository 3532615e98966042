import type { Clock, Log } from '../../kernel/ports.ts';
import type { IssuedCertificate } from '../../model/fleet/hub-rows.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import { BACKDATED_MS } from '../../model/fleet/validity.ts';
import type { CertificateFacts, X509 } from '../../model/fleet/x509.ts';
import { type Authority, digestOf } from './authority.ts';
import type { WithRow } from './callers.ts';
import { certificateKey } from './issue.ts';

export type FoundParts = {
  readonly store: HubStore;
  readonly withRow: WithRow;
  readonly authority: Pick<Authority, 'roots'>;
  readonly x509: Pick<X509, 'verify'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};

/**
 * Writes down a certificate that our root has signed and that the database, restored from an older day, knows nothing of: what
 * has no row nobody sees, and nobody can revoke. The answer is for each call with such a one; it writes once.
 */
export function createFinder({ store, withRow, authority, x509, clock, log }: FoundParts) {
  return (facts: CertificateFacts & { readonly site: string }): void => {
    const key = certificateKey(facts);
    withRow.add(key);
    write(key, facts).catch((thrown: unknown) => {
      // The next call writes it.
      withRow.delete(key);
      log.warn({ site: facts.site, reason: (thrown as Error).message }, 'a certificate could not be written down');
    });
  };

  async function write(
    key: string,
    { site, serial, keyDigest, notBefore, notAfter, der }: CertificateFacts & { readonly site: string },
  ): Promise<void> {
    const issuedAt = notBefore + BACKDATED_MS;
    const root = authority.roots().find((one) => x509.verify([der], [one], undefined).ok);
    const row: IssuedCertificate = {
      ...{ site, serial, keyDigest, notBefore, notAfter, issuedAt, how: 'found' },
      ...(root && { root: digestOf(root) }),
    };
    const isNew = await store.work(async (tx) => {
      if (await tx.get('certificates', key)) return false;
      await tx.put('certificates', key, row);
      const detail = { serial, until: new Date(notAfter).toISOString() };
      await tx.appendAudit({
        at: clock.now(),
        who: `site ${site}`,
        action: 'certificate.found',
        subject: site,
        detail,
      });
      return true;
    });
    if (isNew)
      log.warn({ site, serial }, 'a site has a certificate that the database did not know; it is written down now');
  }
}
