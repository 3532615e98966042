import { z } from 'zod';
import { MOST_PUSH_BYTES, PUSH_PATHS, type PushDesk } from '../../../wire/api/pushes.ts';
import { type AdminRoute, hands } from '../contract.ts';

const oneJob = z.object({ job: z.string().min(1) });
const oneRevision = z.object({ site: z.string().min(1), number: z.coerce.number().int().min(1) });

/** What `slipway template plan` and `push` ask. */
export function pushRoutes({ pushes }: { readonly pushes: PushDesk }): AdminRoute[] {
  return [
    hands({
      ...{ id: 'listPushSites', method: 'GET', path: PUSH_PATHS.sites, role: 'read', reply: 'PushSites' },
      summary: 'What a plan or a push must know of each site: numbers, keys, and what is in force there.',
      hand: () => pushes.sites(),
    }),
    hands({
      ...{ id: 'readBundle', method: 'GET', path: PUSH_PATHS.bundle, role: 'read', reply: 'RevisionBundle' },
      summary: 'A revision of a site as it was signed, with its secrets sealed.',
      params: oneRevision,
      hand: ({ params: { site, number } }) => pushes.bundle(site, number),
    }),
    hands({
      ...{ id: 'beginPush', method: 'POST', path: PUSH_PATHS.begin, role: 'operate', reply: 'PushJob' },
      summary: 'Takes in a push: checks its signatures, renders its sources again, and keeps all of it or nothing.',
      mostBytes: MOST_PUSH_BYTES,
      hand: ({ who, body }) => pushes.begin(body as Uint8Array, who.name),
    }),
    hands({
      ...{ id: 'showPushJob', method: 'GET', path: PUSH_PATHS.job, role: 'read', reply: 'PushJob' },
      summary: 'How far head office is with a push.',
      params: oneJob,
      hand: async ({ params }) => pushes.job(params.job),
    }),
  ];
}
