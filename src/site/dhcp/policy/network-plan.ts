import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { broadcastOf, ipv4ToNumber, isInRange, isInSubnet } from '../../../kernel/ipv4.ts';
import { type DhcpRole, roleOfMode } from '../../../model/dhcp-role.ts';
import type { Network } from '../../../model/network.ts';
import type { Revision } from '../../../model/revision.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';

import { networkOptions, type Weighed } from './network-options.ts';

/** All that decisions need to know of one network, worked out once per revision. */
export type NetworkPlan = {
  readonly revision: Revision;
  readonly network: Network;
  readonly site: SiteAddress;
  /** What the site is here now; only the authoritative server leases. */
  readonly role: DhcpRole;
  /** Only machines that the template or a binding knows are leased to: another server was seen that nobody allowed. */
  readonly keepsToKnown: boolean;
  /** Addresses that no client may have: of the site, the router and other servers, and the two ends of the subnet. */
  readonly taken: ReadonlySet<Ipv4>;
  /** Addresses that the slots of the revision reserve. */
  readonly reserved: ReadonlySet<Ipv4>;
  /** What it tells its clients, with the site as a server of the time and without. */
  readonly options: { readonly withTime: readonly Weighed[]; readonly withoutTime: readonly Weighed[] };
};

/** The plan for the network that `site` is in, as the template alone says; undefined if the revision has no such network. */
export function planNetwork(revision: Revision, site: SiteAddress): NetworkPlan | undefined {
  const network = revision.networks[site.network];
  if (!network) return undefined;
  const interfaces = Object.values(revision.slots).flatMap((slot) => Object.values(slot.interfaces));
  const reserved = interfaces.flatMap(({ network: name, address }) =>
    name === network.name && address !== undefined ? [address] : [],
  );
  const servers = network.ntp.flatMap((server) => (server === 'site' ? [] : [server]));
  const ends = network.subnet.prefix < 31 ? [network.subnet.network, broadcastOf(network.subnet)] : [];
  const router = network.router === undefined ? [] : [network.router];
  return {
    revision,
    network,
    site,
    role: roleOfMode(network),
    keepsToKnown: false,
    taken: new Set([site.address, ...router, ...network.dns, ...servers, ...ends]),
    reserved: new Set(reserved),
    options: {
      withTime: networkOptions(network, site, true),
      withoutTime: networkOptions(network, site, false),
    },
  };
}

/** How many addresses the range of the pool has, reserved ones included. */
export function poolSize({ network: { pool } }: NetworkPlan): number {
  return pool ? ipv4ToNumber(pool.last) - ipv4ToNumber(pool.first) + 1 : 0;
}

/** Whether an address of the pool may go to anybody: nobody reserves it, no server has it. */
export function isPoolAddress(address: Ipv4, plan: NetworkPlan): boolean {
  const { network } = plan;
  return (
    network.pool !== undefined &&
    isInRange(address, network.pool) &&
    isInSubnet(address, network.subnet) &&
    !plan.taken.has(address) &&
    !plan.reserved.has(address)
  );
}
