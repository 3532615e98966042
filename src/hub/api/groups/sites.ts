import { z } from 'zod';
import { AppError } from '../../../kernel/errors.ts';
import type { HubTx } from '../../../model/fleet/hub-store.ts';
import type { IdentityDesk } from '../../../model/fleet/identity-desk.ts';
import { parseSelector, selects } from '../../../model/fleet/selector.ts';
import { FLEET_PATHS } from '../../../wire/api/fleet-queries.ts';
import { FLEET_SITE_STATES, type FleetSiteView } from '../../../wire/api/fleet-views.ts';
import { type AdminRoute, shows } from '../contract.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { explained, type PlainRow, plainRows, type SiteRowDeps } from '../site-rows.ts';
import { siteDetail } from '../site-view.ts';

const yes = z.literal('true').transform(() => true);
const sitesQuery = z.object({
  ...pageQuery,
  search: z.string().max(200).optional(),
  labels: z.string().max(10_000).optional(),
  state: z.enum(FLEET_SITE_STATES).optional(),
  alarm: yes.optional(),
  behind: yes.optional(),
  without: z.string().optional(),
});
type SitesQuery = z.output<typeof sitesQuery>;
export const oneSite = z.object({ site: z.string() });

type SiteDesks = SiteRowDeps & { readonly identity: IdentityDesk };

/** The sites, and one of them with all that head office knows of it. */
export function siteRoutes(desks: SiteDesks): AdminRoute[] {
  return [
    shows({
      ...{ id: 'listSites', path: FLEET_PATHS.sites, role: 'read' },
      ...{ summary: 'The sites that fit, by name.', reply: 'FleetPage<FleetSiteRow>' },
      query: sitesQuery,
      show: async (tx, { query }) => {
        const fits = filterOf(query);
        const { total, rows } = pageOf((await plainRows(tx, desks)).filter(fits), query);
        return { total, rows: await explained(tx, desks, rows) };
      },
    }),
    shows({
      ...{ id: 'showSite', path: FLEET_PATHS.site, role: 'read' },
      ...{ summary: 'One site: its boxes, certificates, slots, alarms, and its revision.', reply: 'FleetSiteView' },
      params: oneSite,
      show: (tx, { params }) => show(tx, desks, params.site),
    }),
  ];
}

async function show(tx: HubTx, desks: SiteDesks, name: string): Promise<FleetSiteView> {
  const row = (await plainRows(tx, desks)).find((one) => one.site === name);
  const site = await tx.get('sites', name);
  const [shown] = row ? await explained(tx, desks, [row]) : [];
  if (!shown || !site) throw new AppError('not-found', `head office has no site ${JSON.stringify(name)}`);
  return { ...shown, ...(await siteDetail(tx, site, { identity: desks.identity, now: desks.now() })) };
}

/** @throws AppError `usage-invalid` */
function filterOf(query: SitesQuery): (row: PlainRow) => boolean {
  const { state, without } = query;
  const search = query.search?.toLowerCase();
  const selector = parseSelector(query.labels ?? 'x=x');
  if (!selector.ok) throw new AppError('usage-invalid', selector.error);
  const tests: readonly (false | ((row: PlainRow) => boolean))[] = [
    search !== undefined &&
      ((row) => [row.site, ...Object.values(row.labels)].some((text) => text.toLowerCase().includes(search))),
    query.labels !== undefined && ((row) => selects(selector.value, { name: row.site, labels: row.labels })),
    state !== undefined && ((row) => row.state === state),
    query.alarm === true && ((row) => row.alarms > 0),
    query.behind === true && ((row) => row.isBehind),
    without !== undefined && ((row) => row.revision.push !== without),
  ];
  return (row) => tests.every((test) => test === false || test(row));
}
