import type { Ipv4 } from '../kernel/ipv4.ts';
import { isInSubnet } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Lease } from './lease.ts';
import type { Network } from './network.ts';

/** Who stands at the other end of a connection, by what the site sees itself and not by what is said. */
export type Requester = {
  /** The MAC behind its address on the wire, or of its lease if it comes through a relay; undefined: nobody we know. */
  readonly mac: MacAddress | undefined;
  /** It is a neighbour, and has the lease of its address as well. */
  readonly isLeasedNeighbour: boolean;
};

export type Sighting = {
  readonly address: Ipv4;
  readonly neighbour: { readonly mac: MacAddress; readonly complete: boolean } | undefined;
  /** The lease of the address, if one was given out there. */
  readonly lease: Lease | undefined;
  /** All networks of the site. */
  readonly networks: readonly Network[];
  readonly now: number;
};

/**
 * Who asks. A neighbour is known by the MAC that its frames carry, whatever lease somebody else has of its address. Behind a relay
 * (`via`) there is no neighbour entry, and the lease counts. An address of a network that the site stands in, without
 * an entry, is nobody: we could not be answering it.
 */
export function identify({ address, neighbour, lease, networks, now }: Sighting): Requester {
  const leased = lease && lease.state === 'bound' && lease.expiresAt > now ? lease.mac : undefined;
  if (neighbour?.complete) return { mac: neighbour.mac, isLeasedNeighbour: neighbour.mac === leased };
  const isOnLink = networks.some(({ subnet, via }) => via === undefined && isInSubnet(address, subnet));
  return { mac: isOnLink ? undefined : leased, isLeasedNeighbour: false };
}
