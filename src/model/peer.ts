import type { Ipv4 } from '../kernel/ipv4.ts';
import { parseIpv4, UNSPECIFIED } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { HoleValues } from './holes.ts';
import type { Lease } from './lease.ts';
import type { SiteAddress } from './site-ports.ts';
import { httpBase } from './site-ports.ts';
import type { SiteState } from './store.ts';

/** Who stands at the other end of an HTTP connection, as far as the site can tell by itself. */
export type Peer = {
  readonly address: Ipv4;
  /** The address of the site that it spoke to, else that of the network of its lease; undefined while no network is served. */
  readonly site: SiteAddress | undefined;
  /** The lease of its address, if one was given out there; maybe expired, never released. */
  readonly lease: Lease | undefined;
};

/**
 * The peer of a connection between `remote` and `local` (as sockets write addresses, also `::ffff:10.0.0.7`; undefined
 * for a Unix socket). Over loopback and unknown addresses the site answers as it does in its first network.
 */
export function findPeer(
  remote: string | undefined,
  local: string,
  sites: readonly SiteAddress[],
  state: SiteState,
): Peer {
  const address = plainIpv4(remote) ?? UNSPECIFIED;
  const lease = sites
    .map((site) => state.leaseOfAddress(site.network, address))
    .find((candidate) => candidate?.state === 'bound');
  const here = plainIpv4(local);
  const site =
    sites.find((candidate) => candidate.address === here) ??
    sites.find((candidate) => candidate.network === lease?.network) ??
    sites[0];
  return { address, site, lease };
}

/** Where the public documents of a machine lie, with the slash at the end that cloud-init 22.4 does not add itself. */
export function nocloudUrl(site: SiteAddress, mac: MacAddress): string {
  return `${httpBase(site)}/nocloud/${mac.replaceAll(':', '-')}/`;
}

/** What fills the holes of a revision's texts for one machine. */
export function holeValuesFor(site: SiteAddress, mac: MacAddress): HoleValues {
  return {
    'boot.url.base': httpBase(site),
    'boot.url.nocloud': nocloudUrl(site, mac),
    'boot.mac': mac,
    'boot.serverAddress': site.address,
  };
}

function plainIpv4(text: string | undefined): Ipv4 | undefined {
  return parseIpv4(text?.replace(/^::ffff:/i, '') ?? '');
}
