import type { Random } from '../kernel/ports.ts';
import type { AdminRoute } from './api/contract.ts';
import { tokenRoutes } from './api/groups/tokens.ts';

/** What the routes of the admin API need of the rooms. */
export type AdminDesks = {
  readonly random: Random;
  readonly now: () => number;
};

/** All routes of the admin API, a group per file. Nothing of a desk is touched before somebody asks. */
export function adminGroups(desks: AdminDesks): readonly AdminRoute[] {
  return [...tokenRoutes(desks)];
}
