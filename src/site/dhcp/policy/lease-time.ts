import type { Lease } from '../../../model/lease.ts';
import { leaseKey } from '../../../model/lease.ts';
import type { SiteState } from '../../../model/store.ts';
import { hintOf } from '../codec/options.ts';
import { holderOf } from './client.ts';
import type { Inquiry } from './decision.ts';

/** Shorter leases would make a client do little else than renew. */
const SHORTEST_SECONDS = 60;

/** How long this client may have its address: what the network says for its kind, or less if it asks for less (option 51). */
export function leaseSecondsFor({ message, client, context }: Inquiry): number {
  const { firmwareSeconds, osSeconds } = context.plan.network.lease;
  const ours = holderOf(client) === 'os' ? osSeconds : firmwareSeconds;
  const asked = hintOf(message, 'leaseSeconds') ?? ours;
  return Math.min(ours, Math.max(asked, SHORTEST_SECONDS));
}

/** Whether a row still keeps its address from others. */
export function isLive(lease: Lease, now: number): boolean {
  return lease.state !== 'released' && lease.expiresAt > now;
}

/** The row of a client, expired and released ones included. */
export function leaseOf(state: SiteState, network: string, client: string): Lease | undefined {
  return state.leases.get(leaseKey(network, client));
}

/**
 * Whether the machine of a slot had this address last: then nobody else gets it, also when its lease is over. Who fills the
 * pool with leases of made-up machines takes no address from one that belongs here.
 */
export function isKept(lease: Lease, state: SiteState): boolean {
  const machine = lease.state === 'declined' ? undefined : state.machineWith('mac', lease.mac);
  return machine !== undefined && state.bindingOfMachine(machine.id) !== undefined;
}
