import type { Ipv4 } from '../kernel/ipv4.ts';
import { isInSubnet } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Network } from './network.ts';

/** What the site is in a network: the DHCP server, an addition to another one, or nothing yet because it still looks. */
export type DhcpRole = 'authoritative' | 'proxy' | 'looking';

/** Another DHCP server in one of the site's networks. Times are milliseconds since 1970. */
export type OtherServer = {
  readonly network: string;
  readonly address: Ipv4;
  /** By the neighbour table, where it knows. */
  readonly mac?: MacAddress;
  /** Of its card, where this machine has the list of makers. */
  readonly maker?: string;
  readonly firstAt: number;
  readonly lastAt: number;
  /** It answered us with an address, or only with a boot; or a client chose it. */
  readonly how: 'offer' | 'proxy-offer' | 'request';
  /** The template names it in `otherServers`: no alarm, no care. */
  readonly allowed: boolean;
};

/** What a network turned out to be, and who else is in it: kept over restarts, by the name of the network. */
export type Findings = {
  /** Of mode `auto`: what the site is there until a person or the template says otherwise. */
  readonly role?: FoundRole;
  readonly servers: readonly KnownServer[];
};
export type FoundRole = {
  readonly role: Exclude<DhcpRole, 'looking'>;
  readonly at: number;
  /** `the site`, or who said it. */
  readonly by: string;
};
/** `told`: an alarm was made of it. */
export type KnownServer = Omit<OtherServer, 'network' | 'allowed'> & { readonly told: boolean };

/** What a person may say of a network of mode `auto`. */
export const DHCP_MODE_WORDS = ['proxy', 'authoritative', 'look-again'] as const;
export type DhcpModeWord = (typeof DHCP_MODE_WORDS)[number];

/** What is known of the servers beside us. In memory, and asked with each packet. */
export interface Surroundings {
  /** `looking` only where the template says `auto` and nothing was found out yet. */
  roleOf(network: Network): DhcpRole;
  /** Whether only known slots are served: the site is the DHCP server, and there is another one that nobody allowed. */
  keepsToKnown(network: string): boolean;
  /** A client chose another server: its REQUEST named it (option 54). */
  heard(sighting: Sighting): void;
}

export type Sighting = {
  readonly network: string;
  readonly server: Ipv4;
  readonly how: 'request';
  readonly at: number;
};

const ROLE_OF_MODE = { authoritative: 'authoritative', proxy: 'proxy', auto: 'looking' } as const;

/** The role that the mode of a network gives by itself. */
export function roleOfMode({ mode }: Pick<Network, 'mode'>): DhcpRole {
  return ROLE_OF_MODE[mode];
}

/**
 * The network of an address in which another server leases. There are no leases to tell machines by: what the wire shows
 * must do. undefined: the site leases there, or will, or is not there.
 */
export function leasedByAnother(
  address: Ipv4,
  networks: Readonly<Record<string, Network>>,
  surroundings: Pick<Surroundings, 'roleOf'>,
): Network | undefined {
  return Object.values(networks).find(
    (network) => isInSubnet(address, network.subnet) && surroundings.roleOf(network) === 'proxy',
  );
}

/** Says what the template says, and hears nothing. */
export const TEMPLATE_SURROUNDINGS: Surroundings = {
  roleOf: roleOfMode,
  keepsToKnown: () => false,
  heard: () => undefined,
};
