import { z } from 'zod';
import type { IdentityDesk } from '../../../model/fleet/identity-desk.ts';
import { IDENTITY_PATHS } from '../../../wire/api/identity.ts';
import { type AdminRoute, acts } from '../contract.ts';
import type { PublicationDesk } from '../desks.ts';

const oneSite = z.object({
  site: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected a name such as store-0417'),
});
const retire = z.strictObject({ because: z.string().trim().min(1).max(500) });

/** Closing a site: it ends in all rooms at once. */
export function retireRoutes({
  identity,
  publications,
}: {
  readonly identity: IdentityDesk;
  readonly publications: Pick<PublicationDesk, 'leave' | 'wake'>;
}): AdminRoute[] {
  return [
    acts({
      ...{ id: 'retireSite', path: IDENTITY_PATHS.retire, role: 'admin', reply: '{ sentence }' },
      summary: 'Closes a site: its boxes are refused from the next call on, and nothing is published to it any more.',
      ...{ params: oneSite, body: retire },
      act: async (tx, { who, params: { site }, body: { because } }, at) => {
        const { serials, afterwards } = await identity.retire(tx, { site, because, by: who.name }, at);
        const left = await publications.leave(tx, site);
        return {
          reply: { sentence: `Site ${site} is closed; its events and its audit are kept.` },
          audit: { action: 'site.retire', subject: site, detail: { because, serials, publications: left } },
          afterwards: async () => {
            afterwards();
            for (const id of left) await publications.wake(id);
          },
        };
      },
    }),
  ];
}
