import type { RefusalReason } from '../../wire/link/refusals.ts';

/** HTTP status of a refusal, for what lies between both ends; the site itself reads the reason. */
export const REFUSAL_STATUS = {
  busy: 503,
  'request-malformed': 400,
  'method-unknown': 501,
  'certificate-missing': 401,
  'certificate-expired': 401,
  'certificate-not-yet': 401,
  'certificate-revoked': 403,
  'certificate-foreign': 401,
  'signature-wrong': 401,
  'clock-skew': 409,
  replayed: 409,
  'site-unknown': 403,
  'site-retired': 403,
  'invite-unknown': 403,
  'invite-used': 403,
  'invite-other-site': 403,
  'invite-expired': 403,
  'proof-wrong': 403,
  'hello-first': 409,
  'approval-pending': 409,
  'bundle-unknown': 404,
} as const satisfies Record<RefusalReason, number>;
