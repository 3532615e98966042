import type { Digest } from '../../../kernel/digest.ts';
import { APPROVAL_PREFIX, type Approval } from '../../../model/fleet/approval.ts';
import type { Validity } from '../../../model/fleet/x509.ts';

const DAY_MS = 86_400_000;
/** Whoever comes back within this time after the end of its certificate needs nobody's word. */
export const RECOVER_ALONE_MS = 90 * DAY_MS;
/** A yes is good for so long. */
export const APPROVAL_MS = 7 * DAY_MS;

/** In `meta`: the box of this site that waits for a yes. */
export const approvalKey = (site: string): string => APPROVAL_PREFIX + site;

export type RecoveryStep =
  | { readonly do: 'grant' }
  /** Somebody must say yes. `isNew`: nobody was told yet. */
  | { readonly do: 'ask'; readonly isNew: boolean };

/** Whether a box whose certificate is good but for its dates is given a new one by its old key. */
export function decideRecovery(
  certificate: Validity & { readonly keyDigest: Digest },
  approval: Approval | undefined,
  now: number,
): RecoveryStep {
  if (now - certificate.notAfter <= RECOVER_ALONE_MS) return { do: 'grant' };
  const own = approval?.keyDigest === certificate.keyDigest ? approval : undefined;
  if (own?.approved && now - own.approved.at <= APPROVAL_MS) return { do: 'grant' };
  return { do: 'ask', isNew: own === undefined || own.approved !== undefined };
}
