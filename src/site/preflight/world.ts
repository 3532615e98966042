import type { Ipv4, Subnet } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Found } from './result.ts';

/** What a running site says of itself. */
export type RunningSite = {
  readonly site: string;
  readonly notReady: readonly string[];
  /** What somebody should look into, in sentences. */
  readonly troubles: readonly string[];
};

/** A server that gives out addresses, or only a boot. */
export type SeenServer = { readonly address: Ipv4; readonly mac?: MacAddress; readonly allowed: boolean };

/** What the checks may ask of the machine. Every question is answered without changing anything. */
export interface World {
  now(): number;
  interfaces(): readonly {
    readonly name: string;
    readonly addresses: readonly Ipv4[];
    /** The prefix that this machine has with an address; missing: not known. */
    readonly prefixes?: Readonly<Record<Ipv4, number>>;
    /** undefined: not known. */
    readonly hasCarrier?: boolean;
  }[];
  /** undefined: the port can be had; else the reason in words, and whether it is only that this user may not try. */
  cannotBind(
    protocol: 'udp' | 'tcp',
    address: Ipv4,
    port: number,
  ): Promise<{ readonly because: string; readonly notAllowed: boolean } | undefined>;
  /** Whether another host says that it has this address, too. */
  addressTaken(device: string, address: Ipv4): Promise<Found<boolean>>;
  /** The other DHCP servers of a network. */
  otherServers(network: PlannedNetwork, own: Ipv4): Promise<Found<readonly SeenServer[]>>;
  /** A setting of the kernel that is a number, such as `net.core.rmem_max`. */
  kernelLimit(key: string): Promise<Found<number>>;
  disk(dir: string): Promise<{ readonly freeBytes: number; readonly freeFiles?: number }>;
  cannotWrite(dir: string): Promise<string | undefined>;
  /** undefined: no site runs here. */
  runningSite(): Promise<Found<RunningSite | undefined>>;
  /** The loaders of the manifest that are neither here nor on this machine, and that a site cannot fetch; and the kinds of client that have no other. */
  missingLoaders(): Promise<{ readonly names: readonly string[]; readonly without: readonly string[] }>;
  /** What answers name to machines and is not served, or not here; and how much was looked at. */
  notServed(): Promise<Found<{ readonly asked: number; readonly problems: readonly string[] }>>;
  /** When certificates end, by their names in words. */
  certificates(): Promise<Found<readonly { readonly what: string; readonly endsAt: number }[]>>;
  /** Whether an NTP server answers at this address of ours. */
  answersTime(address: Ipv4): Promise<boolean>;
}

export type PlannedNetwork = {
  readonly name: string;
  readonly interface: string;
  readonly subnet: Subnet;
  /** The template offers the time of this machine there. */
  readonly offersTime: boolean;
  /** Somebody else leases there, and the site only adds the boot. */
  readonly needsServer: boolean;
  /** So many may be there at once: those of its slots, and as many as its pool has addresses. */
  readonly machines: number;
};

/** What the site is going to use. */
export type Plan = {
  readonly dataDir: string;
  readonly networks: readonly PlannedNetwork[];
  /** What each UDP socket asks of the kernel for what is not read yet. */
  readonly receiveBytes: number;
  readonly ports: readonly { readonly protocol: 'udp' | 'tcp'; readonly port: number; readonly for: string }[];
};
