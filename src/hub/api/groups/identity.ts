import { z } from 'zod';
import { AppError } from '../../../kernel/errors.ts';
import type { IdentityDesk } from '../../../model/fleet/identity-desk.ts';
import {
  type CertificateList,
  IDENTITY_PATHS,
  type InviteList,
  type NewInviteReply,
} from '../../../wire/api/identity.ts';
import { type AdminRoute, acts, shows } from '../contract.ts';
import { mayDo } from '../policy/roles.ts';

const DAY_MS = 86_400_000;
const site = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected a name such as store-0417');
const oneSite = z.object({ site: site.optional() });
const newInvite = z.strictObject({
  site,
  forMs: z
    .int()
    .min(60_000)
    .max(90 * DAY_MS)
    .default(7 * DAY_MS),
  reopen: z.boolean().default(false),
});
const oneInvite = z.object({ id: z.string().regex(/^[0-9A-Z]{4}$/, 'expected the first four letters of the code') });
const because = z.string().trim().min(1).max(500);
const revoke = z.strictObject({
  site,
  serial: z
    .string()
    .regex(/^[0-9a-f]{2,40}$/, 'expected a serial number in hex')
    .optional(),
  because,
});

/** Who may speak for a site: codes to join with, certificates, and those who came back late. */
export function identityRoutes({
  identity,
  now,
}: {
  readonly identity: IdentityDesk;
  readonly now: () => number;
}): AdminRoute[] {
  return [
    shows({
      ...{ id: 'listInvites', path: IDENTITY_PATHS.invites, role: 'operate', reply: 'InviteList', query: oneSite },
      summary: 'The codes by which boxes may join, never what is secret of them.',
      show: async (tx, { query }): Promise<InviteList> => ({
        invites: await identity.invites(tx, query.site, now()),
      }),
    }),
    acts({
      ...{ id: 'newInvite', path: IDENTITY_PATHS.invites, role: 'operate', reply: 'NewInviteReply', body: newInvite },
      summary: 'Makes a code by which one box may join as this site; it is shown this once.',
      act: async (tx, { who, body }, at) => {
        const wish = { site: body.site, by: who.name, forMs: body.forMs };
        if (body.reopen && !mayDo(who.role, 'admin'))
          throw new AppError('role-missing', `only an admin opens a site again, and ${who.name} has ${who.role}`);
        const opened = body.reopen ? await identity.reopen(tx, body.site) : undefined;
        const reply: NewInviteReply = await identity.invite(tx, wish, at);
        const { id, expiresAt, replaces } = reply;
        const detail = { id, expiresAt, replaces, ...(body.reopen && { reopened: true }) };
        return {
          reply,
          audit: { action: 'invite.new', subject: body.site, detail },
          ...(opened && { afterwards: opened.afterwards }),
        };
      },
    }),
    acts({
      ...{ id: 'withdrawInvite', path: IDENTITY_PATHS.withdrawInvite, role: 'operate', reply: '{ sentence }' },
      summary: 'Takes a code back that nobody has used.',
      params: oneInvite,
      act: async (tx, { params: { id } }, at) => {
        const invite = await identity.withdraw(tx, id, at);
        const reply = { sentence: `Nobody can join as ${invite.site} with the code ${id}-… any more.` };
        return { reply, audit: { action: 'invite.withdraw', subject: invite.site, detail: { id } } };
      },
    }),
    shows({
      ...{ id: 'listCertificates', path: IDENTITY_PATHS.certificates, role: 'read', reply: 'CertificateList' },
      summary: 'Certificates of sites, and the boxes that wait for a yes.',
      query: oneSite,
      show: async (tx, { query }): Promise<CertificateList> => ({
        certificates: await identity.certificates(tx, query.site, now()),
        waiting: (await identity.approvals(tx)).filter(
          (one) => !one.approved && (query.site === undefined || one.site === query.site),
        ),
      }),
    }),
    acts({
      ...{ id: 'revokeCertificates', path: IDENTITY_PATHS.revoke, role: 'admin', reply: '{ sentence }' },
      summary: 'Refuses a certificate of a site, or all of them, from the next call on.',
      body: revoke,
      act: async (tx, { who, body }, at) => {
        const { site: name, serial, because } = body;
        const wish = { site: name, because, by: who.name, ...(serial === undefined ? {} : { serial }) };
        const { serials, afterwards } = await identity.revoke(tx, wish, at);
        const count = serials.length === 1 ? 'The certificate' : `${serials.length} certificates`;
        return {
          reply: { sentence: `${count} of ${name} will be refused from now on.` },
          audit: { action: 'certificate.revoke', subject: name, detail: { serials, because } },
          afterwards,
        };
      },
    }),
    acts({
      ...{ id: 'approveRecovery', path: IDENTITY_PATHS.approve, role: 'admin', reply: '{ sentence }' },
      summary: 'Says yes to a box that comes back long after the end of its certificate.',
      body: z.strictObject({ site }),
      act: async (tx, { who, body }, at) => {
        const { serial, remote } = await identity.approve(tx, { site: body.site, by: who.name }, at);
        return {
          reply: { sentence: `The box of ${body.site} is given a new certificate when it asks next, within minutes.` },
          audit: { action: 'certificate.approve', subject: body.site, detail: { serial, remote } },
        };
      },
    }),
  ];
}
