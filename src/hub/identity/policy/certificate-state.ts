import type { IssuedCertificate } from '../../../model/fleet/hub-rows.ts';
import type { CertificateView } from '../../../model/fleet/identity-desk.ts';
import { lifeLeft } from '../../../model/fleet/validity.ts';

/**
 * How a certificate stands at `now`.
 * @param newer the one that was issued to the same site after it, if there is one
 */
export function certificateState(
  row: IssuedCertificate,
  newer: IssuedCertificate | undefined,
  now: number,
): CertificateView['state'] {
  if (row.revoked) return 'revoked';
  if (now > row.notAfter) return 'expired';
  if (newer?.site === row.site && newer.keyDigest === row.keyDigest && !newer.revoked) return 'past';
  return lifeLeft(row, now) <= 0.5 ? 'expiring' : 'valid';
}
