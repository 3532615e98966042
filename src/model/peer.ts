import type { Ipv4 } from '../kernel/ipv4.ts';
import { parseIpv4, UNSPECIFIED } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { HoleValues } from './holes.ts';
import type { Lease } from './lease.ts';
import type { DocumentName, Profile } from './revision.ts';
import type { SiteAddress } from './site-ports.ts';
import { httpBase, registryHost } from './site-ports.ts';
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

/** The way to the secret documents of a machine: a token that may read, and the documents among which some are secret. */
export type SecretAccess = { readonly token: string; readonly documents: Profile['documents'] };

/** Where the documents lie that only the bearer of a token may read; with the slash at the end, as for `nocloudUrl`. */
export function tokenUrl(site: SiteAddress, token: string): string {
  return `${httpBase(site)}/t/${token}/`;
}

/** Whether a profile has a document that goes to its machine alone. */
export function hasSecrets(documents: Profile['documents']): boolean {
  return Object.keys(documents).some((name) => isSecret(documents, name));
}

/**
 * What fills the holes of a revision's texts for one machine. A NoCloud seed is one place for all of its documents: one
 * secret among them moves them all behind the token.
 */
export function holeValuesFor(site: SiteAddress, mac: MacAddress, secret?: SecretAccess): HoleValues {
  const behindToken = (name: DocumentName): boolean => secret !== undefined && isSecret(secret.documents, name);
  const protectedUrl = secret ? tokenUrl(site, secret.token) : '';
  const publicUrl = `${httpBase(site)}/documents/${mac.replaceAll(':', '-')}/`;
  const urlOf = (name: DocumentName): string => `${behindToken(name) ? protectedUrl : publicUrl}${name}`;
  const isSeedSecret = behindToken('user-data') || behindToken('network-config');
  const documents = {
    'boot.url.talos': urlOf('talos'),
    'boot.url.ignition': urlOf('ignition'),
    'boot.url.preseed': urlOf('preseed'),
    'boot.url.kickstart': urlOf('kickstart'),
  };
  return {
    ...documents,
    ...siteHoleValues(site),
    'boot.url.nocloud': isSeedSecret ? protectedUrl : nocloudUrl(site, mac),
    'boot.mac': mac,
  };
}

/** What fills the holes that are the same for each machine of a network. */
export function siteHoleValues(site: SiteAddress) {
  return {
    'boot.url.base': httpBase(site),
    'boot.url.registry': `http://${registryHost(site)}`,
    'boot.registryHost': registryHost(site),
    'boot.serverAddress': site.address as string,
  };
}

function isSecret(documents: Profile['documents'], name: string): boolean {
  const document = documents[name];
  return document?.kind === 'text' && document.secret;
}

function plainIpv4(text: string | undefined): Ipv4 | undefined {
  return parseIpv4(text?.replace(/^::ffff:/i, '') ?? '');
}
