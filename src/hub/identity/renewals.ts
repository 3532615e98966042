import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { Approval } from '../../model/fleet/approval.ts';
import type { IssuedCertificate } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { CertificateFacts, RequestFacts } from '../../model/fleet/x509.ts';
import type { RecoverRequest, RenewResponse, Trust } from '../../wire/link/gen/link.ts';
import type { BootstrapHandler, SiteLinkHandler } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { recoverText } from '../../wire/link/signed-texts.ts';
import { type Withdrawn, type WithRow, whoseCertificate } from './callers.ts';
import { certificateKey, type IssueParts, issueForSite, readCsr } from './issue.ts';
import { approvalKey, decideRecovery } from './policy/recovery.ts';
import { WrongTries } from './policy/wrong-tries.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A site asks once a month. One that asks all the time has a fault, and shall not fill the table. */
const ISSUES_A_DAY = { most: 20, withinMs: DAY_MS };
const WRONG_PER_ADDRESS = { most: 30, withinMs: 10 * MINUTE_MS };
const ASK_AGAIN_MS = 15 * MINUTE_MS;

export type RenewalParts = IssueParts & {
  readonly store: HubStore;
  readonly withdrawn: Withdrawn;
  readonly withRow: WithRow;
  readonly trust: (tx: HubTx) => Promise<Trust>;
  readonly clock: Clock;
  readonly log: Log;
};

/** Calls by which a site that has, or had, a certificate is given the next one. */
export function createRenewals(parts: RenewalParts): {
  readonly renew: SiteLinkHandler<'renew'>;
  readonly recover: BootstrapHandler<'recover'>;
} {
  const { store, clock, x509, log } = parts;
  const issues = new WrongTries(ISSUES_A_DAY);
  const wrong = new WrongTries(WRONG_PER_ADDRESS);

  async function issue(
    { site, serial }: { readonly site: string; readonly serial: string },
    request: RequestFacts,
    how: IssuedCertificate['how'],
  ): Promise<RenewResponse> {
    const pauseMs = Math.ceil(issues.waitMs(site, clock.monotonic()));
    if (pauseMs > 0) throw new Refusal('busy', `site ${site} had too many certificates within a day`, { pauseMs });
    issues.noteWrong(site, clock.monotonic());
    const { certificate, row } = await issueForSite(site, request, how, parts);
    const trust = await store.work(async (tx) => {
      const known = await tx.get('sites', site);
      if (!known) throw new Refusal('site-unknown', `head office has no site ${site}`);
      if (known.state === 'retired') throw new Refusal('site-retired', `site ${site} was closed at head office`);
      // Taken back while this was on its way: the next one must not be good either.
      if ((await tx.get('certificates', certificateKey({ site, serial })))?.revoked)
        throw new Refusal(
          'certificate-revoked',
          `the certificate ${serial} of site ${site} was revoked at head office`,
        );
      await tx.put('certificates', certificateKey(row), row);
      await tx.delete('meta', approvalKey(site));
      await tx.appendAudit({
        ...{ at: clock.now(), who: `site ${site}`, action: `certificate.${how}`, subject: site },
        detail: { serial: row.serial, until: new Date(row.notAfter).toISOString() },
      });
      return parts.trust(tx);
    });
    parts.withRow.add(certificateKey(row));
    log.info({ site, how, until: new Date(row.notAfter).toISOString() }, 'a site has a new certificate');
    return { certificateChain: [certificate], trust };
  }

  async function askForApproval(facts: CertificateFacts & { readonly site: string }, remote: string): Promise<boolean> {
    return store.work(async (tx) => {
      const approval = (await tx.get('meta', approvalKey(facts.site))) as Approval | undefined;
      const step = decideRecovery(facts, approval, clock.now());
      if (step.do === 'grant') return true;
      if (!step.isNew) return false;
      const { site, serial, keyDigest, notAfter } = facts;
      const asked: Approval = { site, serial, keyDigest, remote, askedAt: clock.now(), expiredAt: notAfter };
      await tx.put('meta', approvalKey(site), asked);
      const detail = { serial, remote, expiredAt: new Date(notAfter).toISOString() };
      await tx.appendAudit({ at: clock.now(), who: `site ${site}`, action: 'certificate.ask', subject: site, detail });
      return false;
    });
  }

  async function recover(request: RecoverRequest, remote: string): Promise<RenewResponse> {
    const caller = whoseCertificate([request.certificate], undefined, parts);
    if (!caller.ok) throw caller.error;
    const facts = caller.value;
    const asked = await readCsr(request.csr, x509);
    if (asked.keyDigest !== facts.keyDigest || !isSigned(request, facts.publicKey))
      throw new Refusal('signature-wrong', 'the request is not by the key of the certificate');
    if (!(await askForApproval(facts, remote)))
      throw new Refusal(
        'approval-pending',
        `the certificate of ${facts.site} is over for so long that a person at head office must say yes: slipway hub certificates approve ${facts.site}`,
        { pauseMs: ASK_AGAIN_MS },
      );
    return issue(facts, asked, 'recover');
  }

  return {
    renew: async (caller, { csr }) => issue(caller, await readCsr(csr, x509), 'renew'),
    recover: async ({ remote }, request) => {
      const pauseMs = Math.ceil(wrong.waitMs(remote, clock.monotonic()));
      if (pauseMs > 0) throw new Refusal('busy', 'too many refused requests from this address', { pauseMs });
      try {
        return await recover(request, remote);
      } catch (thrown) {
        if (thrown instanceof Refusal && !STANDS_IN_LINE.has(thrown.reason)) wrong.noteWrong(remote, clock.monotonic());
        throw thrown;
      }
    },
  };
}

/** Refusals of those who are who they say. */
const STANDS_IN_LINE: ReadonlySet<string> = new Set(['approval-pending', 'busy']);

function isSigned({ certificate, csr, nonce, proof }: RecoverRequest, publicKey: Uint8Array): boolean {
  if (nonce.length < 16 || nonce.length > 64) return false;
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const text = recoverText({
    ...{ nonce: Buffer.from(nonce).toString('hex'), certificate: sha256(certificate), csr: sha256(csr) },
  });
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  return verify('sha256', Buffer.from(text), key, proof);
}
