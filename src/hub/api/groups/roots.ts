import type { RootsDesk } from '../../../model/fleet/identity-desk.ts';
import { IDENTITY_PATHS } from '../../../wire/api/identity.ts';
import { type AdminRoute, hands, shows } from '../contract.ts';

/** The roots that all certificates come from. */
export function rootRoutes({ roots }: { readonly roots: RootsDesk }): AdminRoute[] {
  return [
    shows({
      ...{ id: 'showRoots', path: IDENTITY_PATHS.roots, role: 'read', reply: 'RootsView' },
      summary: 'The roots of head office, and how far each site follows them.',
      show: (tx) => roots.roots(tx),
    }),
    hands({
      ...{ id: 'rollRoots', path: IDENTITY_PATHS.rollRoots, role: 'admin', reply: '{ sentence }', method: 'POST' },
      summary: 'Issues from the next root from now on, and makes another next one.',
      hand: async ({ who }) => ({ sentence: await roots.moveRoots('roll', who.name) }),
    }),
    hands({
      ...{ id: 'endRoot', path: IDENTITY_PATHS.endRoot, role: 'admin', reply: '{ sentence }', method: 'POST' },
      summary: 'The root before the current one counts no more, once no site needs it.',
      hand: async ({ who }) => ({ sentence: await roots.moveRoots('end', who.name) }),
    }),
  ];
}
