import type { Digest } from '../../kernel/digest.ts';
import type { Approval } from './approval.ts';
import type { Invite, IssuedCertificate } from './hub-rows.ts';
import type { HubTx } from './hub-store.ts';

export type NewInvite = {
  readonly id: string;
  /** For the one who sets the box up; shown once, and kept nowhere as it stands. */
  readonly code: string;
  /** Where the box will find head office. */
  readonly url: string;
  readonly expiresAt: number;
  /** Set: a box speaks for this site already; it is refused from the moment on that another one uses the code. */
  readonly replaces: boolean;
};

/** `open`: it waits for a box. */
export type InviteView = Omit<Invite, 'secret'> & { readonly state: 'open' | 'used' | 'expired' | 'withdrawn' };
/** `expiring`: a half of its life is gone, and no newer one was fetched. `past`: a newer one of the same box is in use. */
export type CertificateView = IssuedCertificate & {
  readonly state: 'valid' | 'expiring' | 'expired' | 'revoked' | 'past';
};

export type RootView = {
  /** `old`: it issues nothing any more, and counts until each site has left it. */
  readonly which: 'current' | 'next' | 'old';
  /** sha256 of the certificate. */
  readonly digest: Digest;
  readonly notAfter: number;
};
/** The roots, and how far each site that is enrolled follows them. */
export type RootsView = {
  /** `rolling`: there is an old one. */
  readonly phase: 'settled' | 'rolling';
  readonly roots: readonly RootView[];
  /** `knowsNext`: it believes the current and the next root. `isOnCurrent`: its certificate is by the current one. */
  readonly sites: readonly { readonly site: string; readonly knowsNext: boolean; readonly isOnCurrent: boolean }[];
};

/** The roots that all certificates come from. */
export interface RootsDesk {
  roots(tx: HubTx): Promise<RootsView>;
  /**
   * `roll`: issues from the next root from now on, and makes another next one. `end`: the root before the current one counts no
   * more. In units of its own. A sentence; rejects with `command-refused` while sites hold it up, or as the disk does.
   */
  moveRoots(act: 'roll' | 'end', by: string): Promise<string>;
}

/** What people do about who may speak for a site. Each runs in the caller's unit, which also writes the audit. Rejects with an AppError. */
export interface IdentityDesk {
  /** A code for a site, which is made if there is none of this name; an open code of the site is withdrawn. */
  invite(
    tx: HubTx,
    wish: { readonly site: string; readonly by: string; readonly forMs: number },
    now: number,
  ): Promise<NewInvite>;
  /** The newest first. */
  invites(tx: HubTx, site: string | undefined, now: number): Promise<readonly InviteView[]>;
  withdraw(tx: HubTx, id: string, now: number): Promise<Invite>;
  /** Takes back one certificate, or all that count of a site. `afterwards` is called when it is on disk. */
  revoke(
    tx: HubTx,
    wish: { readonly site: string; readonly serial?: string; readonly by: string; readonly because: string },
    now: number,
  ): Promise<{ readonly serials: readonly string[]; readonly afterwards: () => void }>;
  /** Closes a site for good: no box speaks for it any more, and none can join as it. `afterwards` is called when it is on disk. */
  retire(
    tx: HubTx,
    wish: { readonly site: string; readonly by: string; readonly because: string },
    now: number,
  ): Promise<{ readonly serials: readonly string[]; readonly afterwards: () => void }>;
  /** By site, and of each the newest first. */
  certificates(tx: HubTx, site: string | undefined, now: number): Promise<readonly CertificateView[]>;
  /** Opens a site that was closed, for a new code; the boxes from before stay refused. `afterwards` as above. */
  reopen(tx: HubTx, site: string): Promise<{ readonly afterwards: () => void }>;
  approvals(tx: HubTx): Promise<readonly Approval[]>;
  /** Says yes to a box that came back so late that somebody must. */
  approve(tx: HubTx, wish: { readonly site: string; readonly by: string }, now: number): Promise<Approval>;
}
