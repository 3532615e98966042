import { hexOf } from '../../../kernel/bytes.ts';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { ipv4FromBytes, ipv4ToBytes } from '../../../kernel/ipv4.ts';
import { latin1FromBytes, latin1ToBytes } from '../../../kernel/latin1.ts';
import type { RawOption } from './raw-options.ts';
import { decodeEncapsulated } from './raw-options.ts';

/** How the bytes of an option and its value turn into each other. `decode` answers undefined for bytes that cannot be one. */
export type ValueCodec<T> = {
  readonly decode: (bytes: Uint8Array) => T | undefined;
  readonly encode: (value: T) => Uint8Array;
  /** For logs and goldens: one line. */
  readonly format: (value: T) => string;
};

export const bytesValue: ValueCodec<Uint8Array> = {
  decode: (bytes) => bytes,
  encode: (bytes) => bytes,
  format: formatHex,
};

export const uint8Value: ValueCodec<number> = {
  decode: (bytes) => (bytes.length === 1 ? bytes[0] : undefined),
  encode: (value) => Uint8Array.of(value),
  format: String,
};

export const uint16Value: ValueCodec<number> = {
  decode: (bytes) => (bytes.length === 2 ? bytes.reduce(bigEndian, 0) : undefined),
  encode: (value) => Uint8Array.of(value >>> 8, value),
  format: String,
};

export const uint32Value: ValueCodec<number> = {
  decode: (bytes) => (bytes.length === 4 ? bytes.reduce(bigEndian, 0) : undefined),
  encode: (value) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value),
  format: String,
};

export const addressValue: ValueCodec<Ipv4> = { decode: ipv4FromBytes, encode: ipv4ToBytes, format: String };

export const addressesValue: ValueCodec<readonly Ipv4[]> = {
  decode: (bytes) => all(groupsOf(bytes, 4)?.map(ipv4FromBytes)),
  encode: (addresses) => Uint8Array.from(addresses.flatMap((address) => [...ipv4ToBytes(address)])),
  format: (addresses) => addresses.join(', '),
};

export const uint16sValue: ValueCodec<readonly number[]> = {
  decode: (bytes) => all(groupsOf(bytes, 2)?.map(uint16Value.decode)),
  encode: (values) => Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 255])),
  format: (values) => values.join(', '),
};

export const codesValue: ValueCodec<readonly number[]> = {
  decode: (bytes) => Array.from(bytes),
  encode: (codes) => Uint8Array.from(codes),
  format: (codes) => codes.join(' '),
};

/** Text as Latin-1; some clients end it with NULs, which are not part of it. A character that does not fit becomes `?`. */
export const textValue: ValueCodec<string> = {
  decode: (bytes) => {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    return latin1FromBytes(end === bytes.length ? bytes : bytes.subarray(0, end));
  },
  encode: (text) => latin1ToBytes(text) ?? Uint8Array.from(text, (c) => (c.charCodeAt(0) < 256 ? c.charCodeAt(0) : 63)),
  format: (text) => JSON.stringify(text),
};

/**
 * Option 77. RFC 3004 says a list of length-prefixed texts; iPXE and most others write bare text. The list is taken if
 * the lengths fill the bytes exactly.
 */
export const userClassValue: ValueCodec<readonly string[]> = {
  decode: (bytes) => lengthPrefixed(bytes) ?? [textValue.decode(bytes) ?? ''],
  encode: (classes) =>
    Uint8Array.from(classes.flatMap((text) => [text.length & 255, ...textValue.encode(text).subarray(0, 255)])),
  format: (classes) => classes.map((text) => JSON.stringify(text)).join(', '),
};

/** Options 43 and 175: options within an option. */
export const encapsulatedValue: ValueCodec<readonly RawOption[]> = {
  decode: decodeEncapsulated,
  encode: (options) => Uint8Array.from(options.flatMap(({ code, bytes }) => [code, bytes.length, ...bytes])),
  format: (options) => options.map(({ code, bytes }) => `${code}=${formatHex(bytes)}`).join(' '),
};

/**
 * Option 97 as the text that SMBIOS tools and iPXE print: the first three fields are little-endian on the wire.
 * 17 bytes, the first of which is 0 (RFC 4578 section 2.3).
 */
export const machineUuidValue: ValueCodec<string> = {
  decode: (bytes) => (bytes.length === 17 && bytes[0] === 0 ? uuidText(bytes.subarray(1)) : undefined),
  encode: (uuid) => Uint8Array.of(0, ...swapFields(Uint8Array.from(hexPairs(uuid.replaceAll('-', ''))))),
  format: String,
};

/** `0a 1b`, for a person to compare with a capture. */
export function formatHex(bytes: Uint8Array): string {
  return hexOf(bytes, ' ');
}

function uuidText(bytes: Uint8Array): string {
  const hex = hexOf(swapFields(bytes));
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function swapFields(uuid: Uint8Array): Uint8Array {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (index) => uuid[index] ?? 0);
}

function hexPairs(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

function lengthPrefixed(bytes: Uint8Array): readonly string[] | undefined {
  const texts: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset] ?? 0;
    if (length === 0 || offset + 1 + length > bytes.length) return undefined;
    texts.push(latin1FromBytes(bytes.subarray(offset + 1, offset + 1 + length)));
    offset += 1 + length;
  }
  return texts.length > 0 ? texts : undefined;
}

function groupsOf(bytes: Uint8Array, size: number): Uint8Array[] | undefined {
  if (bytes.length === 0 || bytes.length % size !== 0) return undefined;
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function all<T>(values: readonly (T | undefined)[] | undefined): readonly T[] | undefined {
  return values?.every((value) => value !== undefined) ? values : undefined;
}

function bigEndian(sum: number, byte: number): number {
  return sum * 256 + byte;
}
