import { AppError } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/ports.ts';
import type { Approval } from '../../model/fleet/approval.ts';
import type { FleetSite, Invite, IssuedCertificate } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { IdentityDesk, InviteView } from '../../model/fleet/identity-desk.ts';
import { drawInviteCode, formatInviteCode, INVITE_RANDOM_BYTES } from '../../wire/link/invite-code.ts';
import type { Withdrawn } from './callers.ts';
import { certificateKey, forgetApproval, revokeOthers } from './issue.ts';
import { certificateState } from './policy/certificate-state.ts';
import { INVITE_TABLE, inviteState, withoutSecret } from './policy/invite.ts';
import { approvalKey } from './policy/recovery.ts';

const SITE_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export type DeskParts = {
  /** Where sites find head office. */
  readonly url: string;
  readonly random: Random;
  readonly withdrawn: Withdrawn;
};

/** What people do about invites and certificates. */
export function createIdentityDesk({ url, random, withdrawn }: DeskParts): IdentityDesk {
  async function freeCode(tx: HubTx) {
    for (;;) {
      const code = drawInviteCode(random.bytes(INVITE_RANDOM_BYTES));
      if ((await tx.get('invites', code.id)) === undefined) return code;
    }
  }

  return {
    invite: async (tx, { site, by, forMs }, now) => {
      const known = await siteFor(tx, site, now);
      for (const { key, row } of await tx.list('invites')) {
        const next =
          row.site === site && inviteState(row, now) === 'open' ? withdrawnInvite(row, now) : withoutSecret(row, now);
        if (next) await tx.put('invites', key, next);
      }
      const code = await freeCode(tx);
      const secret = Buffer.from(code.secret, 'latin1').toString('base64');
      const expiresAt = now + forMs;
      await tx.put('invites', code.id, { id: code.id, site, secret, by, createdAt: now, expiresAt });
      return { id: code.id, code: formatInviteCode(code), url, expiresAt, replaces: known.state === 'enrolled' };
    },

    withdraw: async (tx, id, now) => {
      const invite = await tx.get('invites', id);
      if (!invite) throw new AppError('not-found', `there is no code that begins with ${id}`);
      const step = INVITE_TABLE[inviteState(invite, now)].withdraw;
      if (step.do === 'refuse') throw new AppError('command-refused', step.because);
      const next = withdrawnInvite(invite, now);
      await tx.put('invites', id, next);
      return next;
    },

    revoke: async (tx, { site, serial, by, because }, now) => {
      const rows = await tx.list('certificates', { prefix: `${site}/` });
      const chosen = rows.filter(({ row }) => !row.revoked && (serial === undefined || row.serial === serial));
      if (chosen.length === 0)
        throw new AppError(
          'not-found',
          `site ${site} has no certificate${serial === undefined ? '' : ` ${serial}`} that counts`,
        );
      const revoked = { at: now, by, because };
      for (const { row } of chosen) await tx.put('certificates', certificateKey(row), { ...row, revoked });
      const serials = chosen.map(({ row }) => row.serial);
      await forgetApproval(tx, site, serials);
      const afterwards = (): void => {
        for (const one of serials) withdrawn.revoke(site, one);
      };
      return { serials, afterwards };
    },

    retire: async (tx, { site, by, because }, now) => {
      const row = await tx.get('sites', site);
      if (!row) throw new AppError('not-found', `head office has no site ${site}`);
      if (row.state === 'retired') throw new AppError('command-refused', `site ${site} is closed already`);
      const closed = { at: now, by, because };
      await tx.put('sites', site, { ...row, state: 'retired', retired: closed });
      for (const { key, row: invite } of await tx.list('invites'))
        if (invite.site === site && inviteState(invite, now) === 'open')
          await tx.put('invites', key, withdrawnInvite(invite, now));
      for (const { key, row: session } of await tx.list('sessions', { prefix: `${site}/` }))
        await tx.put('sessions', key, { ...session, standing: 'past', because: 'the site was closed' });
      await tx.delete('meta', approvalKey(site));
      // Each by itself: they stay refused if the site is opened again.
      const serials = await revokeOthers(tx, site, undefined, closed);
      const afterwards = (): void => {
        withdrawn.retire(site);
        for (const one of serials) withdrawn.revoke(site, one);
      };
      return { serials, afterwards };
    },

    reopen: async (tx, site) => {
      const row = await tx.get('sites', site);
      if (row?.state !== 'retired') throw new AppError('command-refused', `site ${site} is not closed`);
      const { retired: _, lastHeardAt: __, ...rest } = row;
      await tx.put('sites', site, { ...rest, state: 'invited' });
      return { afterwards: () => withdrawn.reopen(site) };
    },

    invites: async (tx, site, now) => {
      const rows = (await tx.list('invites')).filter(({ row }) => site === undefined || row.site === site);
      const views = rows.map(({ row }) => viewInvite(row, now));
      return views.sort((a, b) => b.createdAt - a.createdAt);
    },

    certificates: async (tx, site, now) => {
      const rows = await tx.list('certificates', site === undefined ? {} : { prefix: `${site}/` });
      const sorted = rows.map(({ row }) => row).sort(newestFirst);
      return sorted.map((row, index) => ({ ...row, state: certificateState(row, sorted[index - 1], now) }));
    },

    approvals: async (tx) => (await tx.list('meta', { prefix: approvalKey('') })).map(({ row }) => row as Approval),

    approve: async (tx, { site, by }, now) => {
      const asked = (await tx.get('meta', approvalKey(site))) as Approval | undefined;
      if (!asked) throw new AppError('not-found', `no box of site ${site} waits for a yes`);
      const approved = { ...asked, approved: { at: now, by } };
      await tx.put('meta', approvalKey(site), approved);
      return approved;
    },
  };
}

async function siteFor(tx: HubTx, name: string, now: number): Promise<FleetSite> {
  if (!SITE_NAME.test(name))
    throw new AppError(
      'usage-invalid',
      `a site has lower-case letters, digits and hyphens in its name, such as store-0417`,
    );
  const known = await tx.get('sites', name);
  if (known?.state === 'retired')
    throw new AppError(
      'command-refused',
      `site ${name} was closed; \`slipway hub invite ${name} --reopen\` opens it again`,
    );
  if (known) return known;
  const made: FleetSite = {
    ...{ name, createdAt: now, state: 'invited', labels: {}, confirmedNumber: 0, highestNumber: 0 },
  };
  await tx.put('sites', name, made);
  return made;
}

function withdrawnInvite({ secret: _, ...invite }: Invite, now: number): Invite {
  return { ...invite, withdrawnAt: now };
}

function newestFirst(a: IssuedCertificate, b: IssuedCertificate): number {
  return a.site === b.site ? b.issuedAt - a.issuedAt : a.site < b.site ? -1 : 1;
}

function viewInvite({ secret, ...row }: Invite, now: number): InviteView {
  return { ...row, state: inviteState(secret === undefined ? row : { ...row, secret }, now) };
}
