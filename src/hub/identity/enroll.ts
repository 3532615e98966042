import type { Digest } from '../../kernel/digest.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { FleetSite, Invite } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import { shortHardware, shortText } from '../../model/fleet/said-of-box.ts';
import type { RequestFacts } from '../../model/fleet/x509.ts';
import { type EnrolmentCrypto, enrolmentProof, grantProof } from '../../wire/link/enrolment.ts';
import { EnrollGrant, type EnrollRequest, type Trust } from '../../wire/link/gen/link.ts';
import type { BootstrapHandler, Stranger } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import type { Withdrawn, WithRow } from './callers.ts';
import {
  certificateKey,
  forgetApproval,
  type Issued,
  type IssueParts,
  issueForSite,
  readCsr,
  revokeOthers,
} from './issue.ts';
import { decideInvite, usedInvite } from './policy/invite.ts';
import { WrongTries } from './policy/wrong-tries.ts';

const SEALING_KEY_BYTES = 32;
const MINUTE_MS = 60_000;
/** The code has 90 bits: these keep the noise down, and tell whoever mistypes to stop and compare. */
const PER_INVITE = { most: 10, withinMs: 10 * MINUTE_MS };
const PER_ADDRESS = { most: 30, withinMs: 10 * MINUTE_MS };

export type EnrollParts = IssueParts & {
  readonly hub: string;
  readonly store: HubStore;
  readonly withdrawn: Withdrawn;
  readonly withRow: WithRow;
  readonly crypto: EnrolmentCrypto;
  readonly trust: (tx: HubTx) => Promise<Trust>;
  readonly clock: Clock;
  readonly log: Log;
};

/** A box joins by a one-time code. The same box with the same code is given the same answer again. */
export function createEnroll(parts: EnrollParts): BootstrapHandler<'enroll'> {
  const { store, clock, log } = parts;
  const byInvite = new WrongTries(PER_INVITE);
  const byAddress = new WrongTries(PER_ADDRESS);

  function assertMayTry(remote: string, inviteId: string): void {
    const now = clock.monotonic();
    const pauseMs = Math.ceil(Math.max(byInvite.waitMs(inviteId, now), byAddress.waitMs(remote, now)));
    if (pauseMs > 0)
      throw new Refusal('busy', 'too many wrong codes: wait ten minutes, then compare each letter', { pauseMs });
  }

  function noteWrong(remote: string, inviteId: string, reason: string): void {
    byInvite.noteWrong(inviteId, clock.monotonic());
    byAddress.noteWrong(remote, clock.monotonic());
    log.warn({ remote, invite: inviteId, reason }, 'a code was refused');
  }

  async function findInvite(request: EnrollRequest, { keyDigest }: RequestFacts) {
    const { inviteId, site } = request;
    const invite = await store.read((tx) => tx.get('invites', inviteId));
    if (!invite) throw new Refusal('invite-unknown', `head office has no code that begins with ${inviteId}`);
    const isProved = isRightProof(invite, request, parts.crypto);
    const step = decideInvite(invite, { isProved, keyDigest }, clock.now());
    if (step.do === 'refuse') throw new Refusal(step.reason, step.because);
    // Only whoever has proved the code is told whose it is.
    if (site !== '' && site !== invite.site)
      throw new Refusal('invite-other-site', `this code is for site ${invite.site}, and the box is ${site}`);
    return { invite, isProved };
  }

  return async (caller, request) => {
    const { inviteId } = request;
    assertShape(request);
    assertMayTry(caller.remote, inviteId);
    const facts = await readCsr(request.csr, parts.x509);
    try {
      const { invite, isProved } = await findInvite(request, facts);
      // Signed before the unit: a unit waits for nothing but the database. What it decides is decided once more in there.
      const issued = await issueForSite(invite.site, facts, 'enroll', parts);
      const grant = await store.work((tx) => admit(tx, { caller, request, facts, issued, isProved }, parts));
      parts.withRow.add(certificateKey(issued.row));
      for (const serial of grant.revoked) parts.withdrawn.revoke(invite.site, serial);
      log.info({ site: invite.site, remote: caller.remote, invite: inviteId }, 'a site has joined');
      const proof = grantProof(secretOfRow(invite), request, grant.bytes, parts.crypto);
      return { grant: grant.bytes, proof };
    } catch (thrown) {
      if (thrown instanceof Refusal) noteWrong(caller.remote, inviteId, thrown.reason);
      throw thrown;
    }
  };
}

type Asked = {
  readonly caller: Stranger;
  readonly request: EnrollRequest;
  readonly facts: RequestFacts;
  readonly issued: Issued;
  readonly isProved: boolean;
};
type Admitted = { readonly bytes: Uint8Array; readonly revoked: readonly string[] };

/** One unit: the code is used, the site is enrolled, the certificate counts, and the box before it counts no more. */
async function admit(
  tx: HubTx,
  { caller, request, facts, issued, isProved }: Asked,
  { hub, clock, crypto, trust }: EnrollParts,
): Promise<Admitted> {
  const now = clock.now();
  const invite = await tx.get('invites', request.inviteId);
  const site = invite && (await tx.get('sites', invite.site));
  if (!invite || !site) throw new Refusal('invite-unknown', 'the code was removed at head office just now');
  if (site.state === 'retired') throw new Refusal('site-retired', `site ${site.name} was closed at head office`);
  const step = decideInvite(invite, { isProved, keyDigest: facts.keyDigest }, now);
  if (step.do === 'refuse') throw new Refusal(step.reason, step.because);
  if (step.do === 'grant-again') {
    const bytes = invite.used?.grant && (await tx.blob(invite.used.grant));
    if (bytes) return { bytes, revoked: [] };
  }

  const given = await trust(tx);
  const grant = { site: site.name, hub, certificateChain: [issued.certificate], trust: given };
  const bytes = EnrollGrant.encode(grant).finish();
  const digest = crypto.sha256(bytes) as Digest;
  const by = `site ${site.name}`;
  const because = `another box has joined as ${site.name} with invite ${invite.id}`;
  const revoked = await revokeOthers(tx, site.name, facts.keyDigest, { at: now, by, because });
  await forgetApproval(tx, site.name, revoked);
  await tx.putBlob(digest, bytes);
  await tx.put('certificates', certificateKey(issued.row), issued.row);
  // It believes the roots of its grant, which it keeps with the certificate or not at all.
  const roots = given.roots.map((der) => crypto.sha256(der) as Digest);
  await tx.put('sites', site.name, { ...enrolledSite(site, request), roots });
  const used = { at: now, remote: caller.remote, keyDigest: facts.keyDigest, grant: digest };
  await tx.put('invites', invite.id, usedInvite(invite, used));
  await tx.appendAudit({
    ...{ at: now, who: by, action: 'site.enroll', subject: site.name },
    detail: { invite: invite.id, remote: caller.remote, serial: issued.row.serial, revoked, ...hardwareOf(request) },
  });
  return { bytes, revoked };
}

function enrolledSite(site: FleetSite, { sealingKey, version }: EnrollRequest): FleetSite {
  return {
    ...site,
    state: 'enrolled',
    sealingKey: Buffer.from(sealingKey).toString('base64'),
    version: shortText(version),
  };
}

function hardwareOf({ hardware }: EnrollRequest): Record<string, unknown> {
  return hardware ? { hardware: shortHardware(hardware) } : {};
}

function assertShape({ inviteId, nonce, sealingKey }: EnrollRequest): void {
  const isRight =
    /^[0-9A-Z]{4}$/.test(inviteId) &&
    nonce.length >= 16 &&
    nonce.length <= 64 &&
    sealingKey.length === SEALING_KEY_BYTES;
  if (!isRight) throw new Refusal('request-malformed', 'the code, the nonce or the sealing key is not one');
}

function isRightProof(invite: Invite, request: EnrollRequest, crypto: EnrolmentCrypto): boolean {
  if (invite.secret === undefined) return false;
  return crypto.isSame(request.proof, enrolmentProof(secretOfRow(invite), request, crypto));
}

function secretOfRow({ secret }: Invite): Uint8Array {
  return new Uint8Array(Buffer.from(secret ?? '', 'base64'));
}
