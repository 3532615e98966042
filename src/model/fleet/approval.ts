import type { Digest } from '../../kernel/digest.ts';

/** Keys of `meta`: this and the name of the site. */
export const APPROVAL_PREFIX = 'identity/approvals/';

/** Of a box that came back long after the end of its certificate: it asked, and a person said yes, or has not yet. One per site. */
export type Approval = {
  readonly site: string;
  readonly serial: string;
  readonly keyDigest: Digest;
  readonly askedAt: number;
  readonly remote: string;
  readonly expiredAt: number;
  readonly approved?: { readonly at: number; readonly by: string };
};
