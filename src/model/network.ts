import type { Ipv4, Ipv4Range, Subnet } from '../kernel/ipv4.ts';

/** A network of a site, as its revision states it. Slipway is the only DHCP server there (`authoritative`). */
export type Network = {
  readonly name: string;
  readonly mode: 'authoritative';
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
  /** How long a lease lasts: short for firmware and loaders, which leave for good a minute later; long for an OS. */
  readonly lease: { readonly firmwareSeconds: number; readonly osSeconds: number };
  /** Any other DHCP option that the template names, already encoded; never one that Slipway decides itself. */
  readonly options: readonly NetworkOption[];
};

export type NetworkOption = { readonly code: number; readonly bytes: readonly number[] };
