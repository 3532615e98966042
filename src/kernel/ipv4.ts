import type { Brand } from './brand.ts';
import { uint32At } from './bytes.ts';

/** An IPv4 address in dotted-quad form, always without leading zeros. */
export type Ipv4 = Brand<string, 'Ipv4'>;

/** A network: its first address and the length of its prefix in bits. */
export type Subnet = { readonly network: Ipv4; readonly prefix: number };

/** First and last address, both included. */
export type Ipv4Range = { readonly first: Ipv4; readonly last: Ipv4 };

export const UNSPECIFIED = '0.0.0.0' as Ipv4;
export const LIMITED_BROADCAST = '255.255.255.255' as Ipv4;

const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Reads a dotted quad; undefined for anything else, also for octets over 255 and for leading zeros. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const octets = quad.exec(text)?.slice(1);
  if (!octets) return undefined;
  const plain = octets.every((octet) => Number(octet) <= 255 && String(Number(octet)) === octet);
  return plain ? (text as Ipv4) : undefined;
}

const ZERO = '0'.charCodeAt(0);

/** The address as an unsigned 32-bit number, for arithmetic and order. */
export function ipv4ToNumber(address: Ipv4): number {
  let [sum, octet] = [0, 0];
  for (let i = 0; i < address.length; i++) {
    const digit = address.charCodeAt(i) - ZERO;
    if (digit >= 0) octet = octet * 10 + digit;
    else [sum, octet] = [sum * 256 + octet, 0];
  }
  return sum * 256 + octet;
}

/** An unsigned 32-bit number as an address; the number is taken modulo 2^32. */
export function ipv4FromNumber(value: number): Ipv4 {
  const n = value >>> 0;
  if (n === 0) return UNSPECIFIED;
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}` as Ipv4;
}

/** Four bytes as an address; undefined for any other length. */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4 | undefined {
  return bytes.length === 4 ? ipv4FromNumber(uint32At(bytes, 0)) : undefined;
}

/** The four bytes of an address. */
export function ipv4ToBytes(address: Ipv4): Uint8Array {
  const n = ipv4ToNumber(address);
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

/** Reads `10.0.0.0/24`; host bits are refused, because they are nearly always a slip of the pen. */
export function parseSubnet(text: string): Subnet | undefined {
  const [addressText = '', prefixText = '', rest] = text.split('/');
  const network = parseIpv4(addressText);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!network || rest !== undefined || !(prefix >= 0 && prefix <= 32)) return undefined;
  const subnet = { network, prefix };
  return ipv4ToNumber(network) === firstNumber(subnet) ? subnet : undefined;
}

/** `10.0.0.0/24`. */
export function formatSubnet(subnet: Subnet): string {
  return `${subnet.network}/${subnet.prefix}`;
}

/** `255.255.255.0` for a prefix of 24. */
export function netmask(subnet: Subnet): Ipv4 {
  return ipv4FromNumber(maskNumber(subnet.prefix));
}

/** The directed broadcast address of a subnet. */
export function broadcastOf(subnet: Subnet): Ipv4 {
  return ipv4FromNumber(firstNumber(subnet) + sizeOf(subnet) - 1);
}

/** How many addresses a subnet spans, its network and broadcast address included. */
export function sizeOf(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefix);
}

/** The n-th address counted from the network address; undefined if that lies outside the subnet. */
export function hostAt(subnet: Subnet, n: number): Ipv4 | undefined {
  return n >= 0 && n < sizeOf(subnet) ? ipv4FromNumber(firstNumber(subnet) + n) : undefined;
}

export function isInSubnet(address: Ipv4, subnet: Subnet): boolean {
  const mask = maskNumber(subnet.prefix);
  return (ipv4ToNumber(address) & mask) >>> 0 === firstNumber(subnet);
}

export function isInRange(address: Ipv4, range: Ipv4Range): boolean {
  const n = ipv4ToNumber(address);
  return n >= ipv4ToNumber(range.first) && n <= ipv4ToNumber(range.last);
}

function maskNumber(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

function firstNumber(subnet: Subnet): number {
  return (ipv4ToNumber(subnet.network) & maskNumber(subnet.prefix)) >>> 0;
}
