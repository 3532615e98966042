import type { Invite } from '../../../model/fleet/hub-rows.ts';
import type { RefusalReason } from '../../../wire/link/refusals.ts';

export type InviteState = 'open' | 'used' | 'expired' | 'withdrawn';
/** What a box that comes with the code shows: the right proof by a key, or a wrong one. `withdraw`: a person takes it back. */
export type InviteInput = 'proved-new-key' | 'proved-same-key' | 'proof-wrong' | 'withdraw';
export type InviteStep =
  /** The box joins, and the code is used. */
  | { readonly do: 'grant' }
  /** The same box asks once more: it never heard the answer. It is given the same. */
  | { readonly do: 'grant-again' }
  | { readonly do: 'withdraw' }
  | { readonly do: 'refuse'; readonly reason: RefusalReason; readonly because: string };

const refuse = (reason: RefusalReason, because: string): InviteStep => ({ do: 'refuse', reason, because });
const WRONG = refuse('proof-wrong', 'the code was not typed as it is written');
const EXPIRED = refuse('invite-expired', 'the time of this code is over; head office makes a new one');
const WITHDRAWN = refuse('invite-expired', 'head office has taken this code back, or made a newer one for the site');
const USED = refuse('invite-used', 'another box has joined with this code; head office makes a new one');

/** All that can become of a code. */
export const INVITE_TABLE: Readonly<Record<InviteState, Readonly<Record<InviteInput, InviteStep>>>> = {
  open: {
    'proved-new-key': { do: 'grant' },
    'proved-same-key': { do: 'grant' },
    'proof-wrong': WRONG,
    withdraw: { do: 'withdraw' },
  },
  used: {
    'proved-new-key': USED,
    'proved-same-key': { do: 'grant-again' },
    'proof-wrong': WRONG,
    withdraw: USED,
  },
  // The secret of these is gone: nothing can be proved by it, and the answer is the same whatever was shown.
  expired: { 'proved-new-key': EXPIRED, 'proved-same-key': EXPIRED, 'proof-wrong': EXPIRED, withdraw: EXPIRED },
  withdrawn: {
    'proved-new-key': WITHDRAWN,
    'proved-same-key': WITHDRAWN,
    'proof-wrong': WITHDRAWN,
    withdraw: WITHDRAWN,
  },
};

/** Where an invite stands at `now`. One that was used is never over for the box that used it, while its secret is kept. */
export function inviteState(invite: Invite, now: number): InviteState {
  if (invite.withdrawnAt !== undefined) return 'withdrawn';
  if (invite.used) return 'used';
  return now >= invite.expiresAt || invite.secret === undefined ? 'expired' : 'open';
}

/** What is done about a code that comes in. */
export function decideInvite(
  invite: Invite,
  shown: { readonly isProved: boolean; readonly keyDigest: string },
  now: number,
): InviteStep {
  const isSame = invite.used?.keyDigest === shown.keyDigest;
  const input: InviteInput = !shown.isProved ? 'proof-wrong' : isSame ? 'proved-same-key' : 'proved-new-key';
  return INVITE_TABLE[inviteState(invite, now)][input];
}

/** The row once the code is used. */
export function usedInvite(invite: Invite, used: NonNullable<Invite['used']>): Invite {
  return { ...invite, used };
}

/**
 * The row without its secret, if nothing is to be proved by it any more; undefined if there is nothing to change. A code
 * that was used keeps it until its time is over: the answer may have been lost, and the key that used it is the only one it is good for.
 */
export function withoutSecret(invite: Invite, now: number): Invite | undefined {
  if (invite.secret === undefined) return undefined;
  if (invite.withdrawnAt === undefined && now < invite.expiresAt) return undefined;
  const { secret: _, ...rest } = invite;
  return rest;
}
