import type { NewEvent } from '../../../model/event.ts';
import type { Lease } from '../../../model/lease.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import { putLease } from './grant.ts';
import type { NetworkPlan } from './network-plan.ts';

export type Voided = { readonly changes: readonly Change[]; readonly events: readonly NewEvent[] };

/**
 * Ends the leases of a network in which another server leases now: their addresses may be anybody's. The rows stay, so that each
 * machine gets its address again should the site lease once more. undefined: there are none.
 */
export function voidLeases(
  state: SiteState,
  { network: { name }, role }: NetworkPlan,
  now: number,
): Voided | undefined {
  if (role !== 'proxy') return undefined;
  const bound = [...state.leases.values()].filter((lease) => lease.network === name && lease.state === 'bound');
  if (bound.length === 0) return undefined;
  const sentence = `Another server leases in network ${name}: ${bound.length === 1 ? 'a lease' : `${bound.length} leases`} of this site ended.`;
  return {
    changes: bound.map((lease: Lease) =>
      putLease({ ...lease, state: 'released', expiresAt: Math.min(lease.expiresAt, now) }),
    ),
    events: [{ type: 'lease-released', at: now, sentence, data: { network: name, leases: bound.length } }],
  };
}
