import type { Random } from '../kernel/ports.ts';
import type { IdentityDesk, RootsDesk } from '../model/fleet/identity-desk.ts';
import type { PushDesk } from '../wire/api/pushes.ts';
import type { AdminRoute } from './api/contract.ts';
import type { PublicationDesk } from './api/desks.ts';
import type { FleetIndex } from './api/fleet-index.ts';
import { backupRoutes } from './api/groups/backups.ts';
import { fleetRoutes } from './api/groups/fleet.ts';
import { historyRoutes } from './api/groups/history.ts';
import { identityRoutes } from './api/groups/identity.ts';
import { publicationRoutes } from './api/groups/publications.ts';
import { pushRoutes } from './api/groups/pushes.ts';
import { retireRoutes } from './api/groups/retire.ts';
import { rootRoutes } from './api/groups/roots.ts';
import { siteRoutes } from './api/groups/sites.ts';
import { tokenRoutes } from './api/groups/tokens.ts';

/** What the routes of the admin API need of the rooms. */
export type AdminDesks = {
  readonly random: Random;
  readonly now: () => number;
  readonly pushes: PushDesk;
  readonly identity: IdentityDesk;
  readonly roots: RootsDesk;
  readonly hub: string;
  readonly version: string;
  readonly index: FleetIndex;
  readonly silentAfterMs: number;
  readonly publications: PublicationDesk;
};

/** All routes of the admin API, a group per file. Nothing of a desk is touched before somebody asks. */
export function adminGroups(desks: AdminDesks): readonly AdminRoute[] {
  return [
    ...fleetRoutes(desks),
    ...siteRoutes(desks),
    ...historyRoutes(desks),
    ...publicationRoutes(desks),
    ...pushRoutes(desks),
    ...identityRoutes(desks),
    ...retireRoutes(desks),
    ...rootRoutes(desks),
    ...tokenRoutes(desks),
    ...backupRoutes(),
  ];
}
