import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import type { Approval } from '../../../model/fleet/approval.ts';
import type { Invite, IssuedCertificate } from '../../../model/fleet/hub-rows.ts';
import { leafValidity } from '../../../model/fleet/validity.ts';
import { certificateState } from './certificate-state.ts';
import { decideInvite, inviteState, withoutSecret } from './invite.ts';
import { decideRecovery } from './recovery.ts';
import { WrongTries } from './wrong-tries.ts';

const DAY = 86_400_000;
const A = 'a'.repeat(64) as Digest;
const B = 'b'.repeat(64) as Digest;
const open: Invite = { id: 'K7PW', site: 'store-1', secret: 'eA==', by: 'anna', createdAt: 0, expiresAt: 100 };
const used: Invite = { ...open, used: { at: 5, remote: '', keyDigest: A, grant: B } };
const withdrawn: Invite = { id: 'K7PW', site: 'store-1', by: 'anna', createdAt: 0, expiresAt: 100, withdrawnAt: 7 };

describe('an invite', () => {
  it.each([
    [open, 99, 'open'],
    [open, 100, 'expired'],
    [used, 99, 'used'],
    [used, 1_000, 'used'],
    [withdrawn, 50, 'withdrawn'],
  ])('stands where it should (%#)', (invite, now, state) => expect(inviteState(invite, now)).toBe(state));

  it.each([
    [open, A, true, 50, 'grant'],
    [open, A, false, 50, 'proof-wrong'],
    [open, A, true, 100, 'invite-expired'],
    [open, A, false, 100, 'invite-expired'],
    [used, A, true, 50, 'grant-again'],
    [used, B, true, 50, 'invite-used'],
    [used, A, false, 50, 'proof-wrong'],
    [withdrawn, A, true, 50, 'invite-expired'],
    [withdrawn, A, false, 50, 'invite-expired'],
  ])('is answered as the table says (%#)', (invite, keyDigest, isProved, now, answer) => {
    const step = decideInvite(invite, { isProved, keyDigest }, now);
    expect(step.do === 'refuse' ? step.reason : step.do).toBe(answer);
  });

  it('loses its secret when nothing is to be proved by it any more', () => {
    expect(withoutSecret(used, 99)).toBeUndefined();
    expect(withoutSecret(used, 100)).not.toHaveProperty('secret');
    expect(withoutSecret(withdrawn, 50)).toBeUndefined();
  });
});

describe('a box that comes back late', () => {
  const certificate = { ...leafValidity(0), keyDigest: A };
  const asked: Approval = { site: 's', serial: '1', keyDigest: A, askedAt: 0, remote: '', expiredAt: 90 * DAY };
  const approved = { ...asked, approved: { at: 181 * DAY, by: 'anna' } };
  it.each([
    [undefined, 10, 'grant'],
    [undefined, 180, 'grant'],
    [undefined, 181, 'ask new'],
    [asked, 181, 'ask'],
    [{ ...asked, keyDigest: B }, 181, 'ask new'],
    [approved, 182, 'grant'],
    [approved, 189, 'ask new'],
    [{ ...approved, keyDigest: B }, 182, 'ask new'],
  ])('needs a yes, or does not (%#)', (approval, day, answer) => {
    const step = decideRecovery(certificate, approval, day * DAY);
    expect(step.do === 'ask' && step.isNew ? 'ask new' : step.do).toBe(answer);
  });
});

describe('a certificate', () => {
  const row: IssuedCertificate = {
    site: 's',
    serial: '1',
    keyDigest: A,
    ...leafValidity(0),
    issuedAt: 0,
    how: 'enroll',
  };
  const newer = { ...row, serial: '2', issuedAt: 5 };
  it.each([
    [row, undefined, 10, 'valid'],
    [row, undefined, 46, 'expiring'],
    [row, undefined, 91, 'expired'],
    [row, newer, 46, 'past'],
    [row, { ...newer, keyDigest: B }, 46, 'expiring'],
    [row, { ...newer, site: 'other' }, 10, 'valid'],
    [{ ...row, revoked: { at: 1, by: 'anna', because: 'x' } }, newer, 91, 'revoked'],
  ])('is said to be what it is (%#)', (one, after, day, state) => {
    expect(certificateState(one, after, day * DAY)).toBe(state);
  });
});

it('wrong tries of one key are looked at a few times, and then not before the time is over', () => {
  const tries = new WrongTries({ most: 2, withinMs: 100 });
  tries.noteWrong('x', 0);
  expect(tries.waitMs('x', 1)).toBe(0);
  tries.noteWrong('x', 10);
  expect(tries.waitMs('x', 20)).toBe(80);
  expect(tries.waitMs('y', 20)).toBe(0);
  expect(tries.waitMs('x', 100)).toBe(0);
});
