import type { HubClient } from '../adapters/http/hub-client.ts';
import { type FLEET_PATHS, type FleetPage, fleetPath } from '../wire/api/fleet-queries.ts';

const PAGE = 500;

/** All rows of a list, asked for page by page. A row that moves between two questions may come twice or not at all. */
export async function allPages<Row>(
  client: HubClient,
  name: keyof typeof FLEET_PATHS,
  values: Readonly<Record<string, string>>,
  query: object,
): Promise<FleetPage<Row>> {
  const rows: Row[] = [];
  for (;;) {
    const asked = fleetPath(name, values, { ...query, offset: rows.length, limit: PAGE });
    const page = await client.get<FleetPage<Row>>(asked);
    rows.push(...page.rows);
    if (page.rows.length < PAGE) return { total: page.total, rows };
  }
}
