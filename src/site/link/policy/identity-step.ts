import { isDueForRenewal, lifeLeft } from '../../../model/fleet/validity.ts';
import type { Validity } from '../../../model/fleet/x509.ts';
import type { RefusalReason } from '../../../wire/link/refusals.ts';

const HOUR_MS = 3_600_000;

/** What is known of how this site stands with head office. */
export type IdentityFacts = {
  /** `damaged`: there is a file, and it cannot be read. */
  readonly identity: 'none' | 'damaged' | Validity;
  /** A code that waits to be used. */
  readonly hasCode: boolean;
  /** Why head office refused the certificate last, if it did. */
  readonly refused: RefusalReason | undefined;
  /** `asked`: head office wants it. `try`: the time that was drawn for the next try has come. */
  readonly renewal: 'asked' | 'try' | 'wait';
};
export type IdentityStep = 'need-code' | 'mend' | 'enroll' | 'recover' | 'renew' | 'nothing';

/** A refusal that the old key helps against, whatever this site's clock says. */
export const RECOVERABLE: ReadonlySet<RefusalReason> = new Set(['certificate-expired', 'certificate-not-yet']);

/** What to do next about the identity of this site. A code that somebody typed goes first: it was meant. */
export function identityStep({ identity, hasCode, refused, renewal }: IdentityFacts, now: number): IdentityStep {
  if (hasCode) return 'enroll';
  if (identity === 'damaged') return 'mend';
  if (identity === 'none') return 'need-code';
  if (refused !== undefined && RECOVERABLE.has(refused)) return 'recover';
  if (now > identity.notAfter) return 'recover';
  // Not begun yet: a clock is wrong, and the time comes before everything else.
  if (now < identity.notBefore) return 'nothing';
  const isTime = renewal === 'asked' || (renewal === 'try' && isDueForRenewal(identity, now));
  return isTime ? 'renew' : 'nothing';
}

/**
 * How long until the next try to renew; all sites that joined on one day shall not come back on one day.
 * @param unit drawn from 0 to 1
 */
export function renewDelayMs(validity: Validity, now: number, tries: number, unit: number): number {
  const left = lifeLeft(validity, now);
  if (left <= 0.1) return Math.floor(unit * HOUR_MS);
  return Math.floor(unit * (tries === 0 ? 12 : 6) * HOUR_MS);
}

/** Refusals of the code itself: a person is to look at it. */
export const CODE_IS_REFUSED: ReadonlySet<RefusalReason> = new Set([
  'invite-unknown',
  'invite-used',
  'invite-expired',
  'invite-other-site',
  'proof-wrong',
  'site-retired',
]);

/** Refusals of a certificate that nothing but a new code helps against; a person must know. */
export const IDENTITY_IS_OVER: ReadonlySet<RefusalReason> = new Set([
  'certificate-revoked',
  'certificate-foreign',
  'site-retired',
  'site-unknown',
]);
