import type { Role } from '../../../model/fleet/hub-rows.ts';

/** Each role may do what those before it may. */
export const ROLES = ['read', 'operate', 'admin'] as const satisfies readonly Role[];

/** What a role is for, as the CLI and the OpenAPI document say it. */
export const ROLE_MEANING: Readonly<Record<Role, string>> = {
  read: 'looks at everything and changes nothing',
  operate: 'publishes, pauses and rolls back, pushes templates, invites sites',
  admin: 'does all of it, closes sites, rolls the roots over, and gives and withdraws tokens',
};

/** Whether who has one role may do what needs another. */
export function mayDo(has: Role, needs: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needs);
}
