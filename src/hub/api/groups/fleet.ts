import { PUBLICATION_ENDED } from '../../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../../model/fleet/hub-store.ts';
import { FLEET_PATHS } from '../../../wire/api/fleet-queries.ts';
import { FLEET_SITE_STATES, type FleetOverview, type PublicationView } from '../../../wire/api/fleet-views.ts';
import { type AdminRoute, shows, type Who } from '../contract.ts';
import { type PlainRow, plainRows, type SiteRowDeps } from '../site-rows.ts';
import { newestFirst } from './publications.ts';

export type FleetDesks = SiteRowDeps & { readonly hub: string; readonly version: string };

/** Head office in a few numbers. */
export function fleetRoutes(desks: FleetDesks): AdminRoute[] {
  return [
    shows({
      ...{ id: 'showFleet', path: FLEET_PATHS.fleet, role: 'read' },
      ...{ summary: 'Head office in a few numbers, and who asks.', reply: 'FleetOverview' },
      show: (tx, { who }) => overview(tx, desks, who),
    }),
  ];
}

async function overview(tx: HubTx, desks: FleetDesks, { name, role }: Who): Promise<FleetOverview> {
  const rows = await plainRows(tx, desks);
  const publications: PublicationView[] = [];
  for (const row of await newestFirst(tx))
    if (!PUBLICATION_ENDED.includes(row.state)) publications.push(await desks.publications.view(tx, row));
  const sum = (of: (row: PlainRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    ...{ hub: desks.hub, version: desks.version, at: desks.now(), you: { name, role }, publications },
    sites: Object.fromEntries(
      FLEET_SITE_STATES.map((state) => [state, rows.filter((row) => row.state === state).length]),
    ) as FleetOverview['sites'],
    behind: rows.filter((row) => row.isBehind).length,
    lackImages: rows.filter(({ images }) => images && images.complete < images.total).length,
    slots: { enrolled: sum((row) => row.slots.enrolled), total: sum((row) => row.slots.total) },
    alarms: (await tx.list('alarms')).length,
    labels: labelsOf(rows),
  };
}

function labelsOf(rows: readonly PlainRow[]): FleetOverview['labels'] {
  const values = new Map<string, Set<string>>();
  for (const { labels } of rows)
    for (const [key, value] of Object.entries(labels)) values.set(key, (values.get(key) ?? new Set()).add(value));
  return Object.fromEntries([...values].sort().map(([key, all]) => [key, [...all].sort()]));
}
