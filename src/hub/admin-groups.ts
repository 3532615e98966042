import type { Random } from '../kernel/ports.ts';
import type { IdentityDesk } from '../model/fleet/identity-desk.ts';
import type { PushDesk } from '../wire/api/pushes.ts';
import type { AdminRoute } from './api/contract.ts';
import { identityRoutes } from './api/groups/identity.ts';
import { pushRoutes } from './api/groups/pushes.ts';
import { tokenRoutes } from './api/groups/tokens.ts';

/** What the routes of the admin API need of the rooms. */
export type AdminDesks = {
  readonly random: Random;
  readonly now: () => number;
  readonly pushes: PushDesk;
  readonly identity: IdentityDesk;
};

/** All routes of the admin API, a group per file. Nothing of a desk is touched before somebody asks. */
export function adminGroups(desks: AdminDesks): readonly AdminRoute[] {
  return [...tokenRoutes(desks), ...pushRoutes(desks), ...identityRoutes(desks)];
}
