/**
 * Why head office refuses a call: what it means, and whether asking again can help. `again`: later, with the same request.
 * `mend`: not before somebody or something was put right. Nothing a hub says here changes anything on a site.
 */
export const REFUSALS = {
  busy: { again: true, means: 'Head office has too much to do, or no database, just now.' },
  'request-malformed': { again: false, means: 'The request cannot be read.' },
  'method-unknown': { again: false, means: 'Head office is older than this site, and does not know this call.' },
  'certificate-missing': { again: false, means: 'The call carries no certificate of a site.' },
  'certificate-expired': {
    again: false,
    means: 'The certificate of the site is over; it asks for a new one with Recover.',
  },
  'certificate-not-yet': { again: false, means: 'The certificate begins in the future: one of the clocks is wrong.' },
  'certificate-revoked': { again: false, means: 'Somebody at head office has revoked the certificate of the site.' },
  'certificate-foreign': { again: false, means: 'The certificate is not one of this head office.' },
  'signature-wrong': {
    again: false,
    means: 'The signature is not by the key of the certificate, or over another request.',
  },
  'clock-skew': { again: true, means: "The site's time is more than ten minutes off; it asks for the time first." },
  replayed: { again: true, means: 'This very request was served before.' },
  'site-unknown': { again: false, means: 'Head office has no site of this name.' },
  'site-retired': { again: false, means: 'The site was closed at head office.' },
  'invite-unknown': { again: false, means: 'There is no such invite.' },
  'invite-used': { again: false, means: 'The invite was used by another box already.' },
  'invite-expired': { again: false, means: 'The time of the invite is over.' },
  'invite-other-site': { again: false, means: 'The invite is for another site than this one.' },
  'proof-wrong': { again: false, means: 'The code was not typed as it is written, or the secret is another one.' },
  'hello-first': { again: false, means: 'This box does not speak for the site now; it says Hello, and learns why.' },
  'approval-pending': { again: true, means: 'A person at head office must say yes first.' },
  'bundle-unknown': { again: false, means: 'Head office has nothing of this digest for this site.' },
} as const;
export type RefusalReason = keyof typeof REFUSALS;

/** A call refused by head office, or seen to be refused. */
export class Refusal extends Error {
  readonly reason: RefusalReason;
  /** Ask not before this; 0: no wish. */
  readonly pauseMs: number;
  /** What head office's clock shows, if it said so. */
  readonly hubTimeMs: number | undefined;

  constructor(reason: RefusalReason, message: string, more: { pauseMs?: number; hubTimeMs?: number } = {}) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
    this.pauseMs = more.pauseMs ?? 0;
    this.hubTimeMs = more.hubTimeMs;
  }
}
