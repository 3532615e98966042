import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import type { SiteState } from '../../../model/store.ts';

/** Who sends, and what its lines are counted by. */
export type Source = { readonly address: Ipv4; readonly mac: MacAddress; readonly boot: string };

/**
 * The machine that has `address` by a lease that still runs; undefined for everybody else. Nothing in a line or event
 * names its sender, and a sender could not be believed: the address is all there is.
 */
export function sourceOf(
  address: Ipv4,
  sites: readonly SiteAddress[],
  state: SiteState,
  now: number,
): Source | undefined {
  const lease = sites
    .map(({ network }) => state.leaseOfAddress(network, address))
    .find((found) => found?.state === 'bound' && found.expiresAt > now);
  const machine = lease && state.machineWith('mac', lease.mac);
  if (!lease || !machine) return undefined;
  return { address, mac: lease.mac, boot: state.latestBoot(machine.id)?.id ?? machine.id };
}
