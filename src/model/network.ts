import type { Ipv4, Ipv4Range, Subnet } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';

/**
 * Who leases the addresses of a network. `authoritative`: Slipway, and nobody else. `proxy`: another server, and Slipway
 * only adds what boots. `auto`: the site looks once, and goes on as it found.
 */
export const NETWORK_MODES = ['authoritative', 'proxy', 'auto'] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number];

/** A network of a site, as its revision states it. */
export type Network = {
  readonly name: string;
  readonly mode: NetworkMode;
  /**
   * The network that the site has a device in, where this one is reached through a relay: its machines meet the site at
   * the address that it has there, and no broadcast and no neighbour of theirs is seen.
   */
  readonly via?: string;
  /** The relays (giaddr) that may speak for it; missing: with `via` any with an address in it or in the other, else none. */
  readonly relays?: readonly Ipv4[];
  /** DHCP servers that belong here: no alarm is made of them. */
  readonly otherServers?: readonly (Ipv4 | MacAddress)[];
  readonly subnet: Subnet;
  readonly router?: Ipv4;
  readonly dns: readonly Ipv4[];
  /** `site` stands for the address that the appliance has in this network. */
  readonly ntp: readonly (Ipv4 | 'site')[];
  readonly domain?: string;
  readonly mtu?: number;
  /** MAC patterns of network cards that go from machine to machine, such as docks: they name nobody. */
  readonly sharedMacs?: readonly string[];
  readonly pool?: Ipv4Range;
  /** Of no use in a proxy network. How long a lease lasts: short for firmware and loaders, which leave for good a minute later; long for an OS. */
  readonly lease: { readonly firmwareSeconds: number; readonly osSeconds: number };
  /** Any other DHCP option that the template names, already encoded; never one that Slipway decides itself. */
  readonly options: readonly NetworkOption[];
};

export type NetworkOption = { readonly code: number; readonly bytes: readonly number[] };
