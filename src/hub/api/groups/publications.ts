import { z } from 'zod';
import { AppError } from '../../../kernel/errors.ts';
import type { Publication } from '../../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../../model/fleet/hub-store.ts';
import { FLEET_PATHS, type FleetPage } from '../../../wire/api/fleet-queries.ts';
import { PUBLICATION_ACTS, type PublicationSiteView, type PublicationView } from '../../../wire/api/fleet-views.ts';
import { type AdminRoute, acts, shows } from '../contract.ts';
import type { PublicationDesk } from '../desks.ts';
import { idNumber, pageOf, pageQuery } from '../paging.ts';

const DAY_MS = 86_400_000;
const selectors = z.array(z.string().min(1).max(10_000)).max(100);
const publishBody = z.strictObject({
  push: z.string().exactOptional(),
  sites: z.string().min(1).max(100_000).exactOptional(),
  rules: z
    .strictObject({
      sites: selectors.exactOptional(),
      canary: selectors.exactOptional(),
      soakMs: z
        .int()
        .min(0)
        .max(30 * DAY_MS)
        .exactOptional(),
      haltAfter: z.int().min(0).max(100_000).exactOptional(),
      haltPercent: z.int().min(0).max(100).exactOptional(),
    })
    .exactOptional(),
});
const one = z.object({ publication: z.string() });
const SITE_STATES = [
  ...(['waiting', 'offered', 'fetched', 'trial', 'deferred', 'confirmed', 'reverted', 'refused'] as const),
  ...(['superseded', 'unreachable'] as const),
] as const;
const siteQuery = z.object({
  ...pageQuery,
  state: z.enum(SITE_STATES).optional(),
  search: z.string().optional(),
});

const SENTENCES = {
  pause: 'is paused: nobody else is offered it',
  resume: 'goes on',
  abort: 'is ended: whoever has it keeps it, and nobody else is offered it',
  rollback: 'is taken back: the sites get what they had before, the ones that came first last',
} as const;

/** Publications: begun, looked at, and what a person does with them. */
export function publicationRoutes({ publications: desk }: { readonly publications: PublicationDesk }): AdminRoute[] {
  return [
    shows({
      ...{ id: 'listPublications', path: FLEET_PATHS.publications, role: 'read' },
      ...{ summary: 'All publications, the newest first.', reply: 'FleetPage<PublicationView>' },
      query: z.object(pageQuery),
      show: async (tx, { query }): Promise<FleetPage<PublicationView>> => {
        const { total, rows } = pageOf(await newestFirst(tx), query);
        const views: PublicationView[] = [];
        for (const row of rows) views.push(await desk.view(tx, row));
        return { total, rows: views };
      },
    }),
    shows({
      ...{ id: 'showPublication', path: FLEET_PATHS.publication, role: 'read' },
      ...{ summary: 'One publication with its counts, and why it is no further.', reply: 'PublicationView' },
      params: one,
      show: async (tx, { params }) => desk.view(tx, await find(tx, params.publication)),
    }),
    shows({
      ...{ id: 'listPublicationSites', path: FLEET_PATHS.publicationSites, role: 'read' },
      ...{ summary: 'Its sites, and why each is no further.', reply: 'FleetPage<PublicationSiteView>' },
      params: one,
      query: siteQuery,
      show: async (tx, { params, query }) => {
        const all = await desk.sites(tx, await find(tx, params.publication));
        return pageOf(
          all.filter((row) => fits(row, query)),
          query,
        );
      },
    }),
    acts({
      ...{ id: 'publish', path: FLEET_PATHS.publications, role: 'operate' },
      ...{ summary: 'Begins to publish a push: to all its sites, or to some of them first.', reply: 'PublicationView' },
      body: publishBody,
      act: async (tx, { body, who }) => {
        const publication = await desk.publish(tx, body, who.name);
        return {
          reply: await desk.view(tx, publication),
          audit: {
            action: 'publish.start',
            subject: publication.id,
            detail: { push: publication.push, rules: publication.rules },
          },
          afterwards: () => desk.wake(publication.id),
        };
      },
    }),
    ...PUBLICATION_ACTS.map((what) =>
      acts({
        ...{ id: `${what}Publication`, path: `${FLEET_PATHS.publication}/${what}`, role: 'operate' },
        ...{ summary: `The publication ${SENTENCES[what]}.`, reply: '{ sentence }' },
        params: one,
        body: z.strictObject({ because: z.string().max(500).exactOptional() }),
        act: async (tx, { params, body, who }) => {
          const id = params.publication;
          await desk.act(tx, { id, what, by: who.name, ...body });
          return {
            reply: { sentence: `Publication ${id} ${SENTENCES[what]}.` },
            audit: { action: `publish.${what}`, subject: id, detail: body },
            afterwards: () => desk.wake(id),
          };
        },
      }),
    ),
  ];
}

/** All publications, the newest first. */
export async function newestFirst(tx: HubTx): Promise<readonly Publication[]> {
  return (await tx.list('publications')).map(({ row }) => row).sort((a, b) => idNumber(b.id) - idNumber(a.id));
}

async function find(tx: HubTx, id: string): Promise<Publication> {
  const publication = await tx.get('publications', id);
  if (!publication) throw new AppError('not-found', `there is no publication ${JSON.stringify(id)}`);
  return publication;
}

function fits(
  row: PublicationSiteView,
  { state, search }: { state?: string | undefined; search?: string | undefined },
): boolean {
  if (search !== undefined && !row.site.includes(search.toLowerCase())) return false;
  return state === undefined || (state === 'unreachable' ? row.isUnreachable : row.state === state);
}
