import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';

/** An address promised to one NIC, or set aside. Keyed by `leaseKey(network, client)`. */
export type Lease = {
  readonly network: string;
  /** The MAC; or, for a zero or shared chaddr, `id:` and the hex of option 61. */
  readonly client: string;
  readonly mac: MacAddress;
  readonly address: Ipv4;
  /** `declined`: a client found somebody else there; nobody gets it until `expiresAt`. */
  readonly state: 'bound' | 'released' | 'declined';
  readonly holder: LeaseHolder;
  readonly startedAt: number;
  readonly expiresAt: number;
  /** Hex of option 61, as it was sent. */
  readonly clientId?: string;
  readonly hostname?: string;
};

/** Who asked last with this NIC. */
export type LeaseHolder = 'firmware' | 'ipxe' | 'os';

/** Whether the client may use its address at `now` (milliseconds since 1970). */
export function isBound(lease: Lease | undefined, now: number): lease is Lease {
  return lease?.state === 'bound' && lease.expiresAt > now;
}

/** The key of a lease row. A declined address is a row of its own: `leaseKey(network, 'declined:' + address)`. */
export function leaseKey(network: string, client: string): string {
  return `${network}/${client}`;
}
