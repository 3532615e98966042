import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import type { SiteState } from '../../../model/store.ts';

/** Who sends, and what its lines are counted by. */
export type Source = { readonly address: Ipv4; readonly mac: MacAddress; readonly boot: string };

/**
 * The machine that has `address` by a lease that still runs, or, where another server leases, by the wire (`neighbour`);
 * undefined for everybody else. Nothing in a line or event names its sender, and a sender could not be believed: the
 * address is all there is.
 */
export function sourceOf(
  address: Ipv4,
  sites: readonly SiteAddress[],
  state: SiteState,
  now: number,
  neighbour?: MacAddress,
): Source | undefined {
  const lease = sites
    .map(({ network }) => state.leaseOfAddress(network, address))
    .find((found) => found?.state === 'bound' && found.expiresAt > now);
  const mac = lease?.mac ?? neighbour;
  const machine = mac && state.machineWith('mac', mac);
  if (!mac || !machine) return undefined;
  return { address, mac, boot: state.latestBoot(machine.id)?.id ?? machine.id };
}
