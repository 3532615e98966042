import type { Approval } from '../../model/fleet/approval.ts';
import type { CertificateView, InviteView, NewInvite } from '../../model/fleet/identity-desk.ts';

/** Below `/api/v1/` of head office. */
export const IDENTITY_PATHS = {
  /** `GET`: InviteList, by `site`. `POST` with NewInviteBody: NewInvite. */
  invites: 'invites',
  /** `POST`: a sentence. */
  withdrawInvite: 'invites/:id/withdraw',
  /** `GET`: CertificateList, by `site`. */
  certificates: 'certificates',
  /** `POST` with RevokeBody: a sentence. */
  revoke: 'certificates/revoke',
  /** `POST` with ApproveBody: a sentence. */
  approve: 'certificates/approve',
  /** `POST` with RetireBody: a sentence. */
  retire: 'sites/:site/retire',
  /** `GET`: RootsView. `POST` to the others: a sentence. */
  roots: 'roots',
  rollRoots: 'roots/roll',
  endRoot: 'roots/end',
} as const;

/** `reopen`: of a site that was closed; needs the role `admin`. */
export type NewInviteBody = { readonly site: string; readonly forMs?: number; readonly reopen?: boolean };
export type NewInviteReply = NewInvite;
export type InviteList = { readonly invites: readonly InviteView[] };
/** `waiting`: boxes that came back so late that a person must say yes. */
export type CertificateList = {
  readonly certificates: readonly CertificateView[];
  readonly waiting: readonly Approval[];
};
/** Without `serial`: all that count of the site. */
export type RevokeBody = { readonly site: string; readonly serial?: string; readonly because: string };
export type RetireBody = { readonly because: string };
export type ApproveBody = { readonly site: string };
