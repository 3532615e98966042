import type { Brand } from './brand.ts';
import { hexOf } from './bytes.ts';
import { matchesPattern } from './pattern.ts';

/** A 48-bit Ethernet address as lower-case colon-separated hex: `52:54:00:12:34:56`. */
export type MacAddress = Brand<string, 'MacAddress'>;

const separated =
  /^([0-9a-f]{1,2})[:-]([0-9a-f]{1,2})[:-]([0-9a-f]{1,2})[:-]([0-9a-f]{1,2})[:-]([0-9a-f]{1,2})[:-]([0-9a-f]{1,2})$/i;
const bare = /^[0-9a-f]{12}$/i;

/** Reads `52:54:00:…`, `52-54-00-…` (iPXE's hexhyp) or twelve bare hex digits; undefined if it is none of them. */
export function parseMac(text: string): MacAddress | undefined {
  const groups = separated.exec(text)?.slice(1) ?? (bare.test(text) ? text.match(/../g) : null);
  if (!groups) return undefined;
  return groups.map((group) => group.padStart(2, '0').toLowerCase()).join(':') as MacAddress;
}

/** Six bytes to a MacAddress; undefined for any other length. */
export function macFromBytes(bytes: Uint8Array): MacAddress | undefined {
  if (bytes.length !== 6) return undefined;
  return hexOf(bytes, ':') as MacAddress;
}

/** The six bytes of an address. */
export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (group) => Number.parseInt(group, 16));
}

/** All-zero and all-ff addresses name nobody, and a multicast address is never a sender. */
export function isIdentifyingMac(mac: MacAddress): boolean {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  return mac !== '00:00:00:00:00:00' && (first & 1) === 0;
}

/** `00:11:22:*`, or with hyphens: a star stands for any text; case does not matter. */
export function matchesMac(pattern: string, mac: MacAddress): boolean {
  return matchesPattern(pattern.replaceAll('-', ':'), mac);
}
