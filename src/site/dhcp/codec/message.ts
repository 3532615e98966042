import { ByteReader, ByteWriter } from '../../../kernel/bytes.ts';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { ipv4FromNumber, ipv4ToNumber } from '../../../kernel/ipv4.ts';
import { latin1FromBytes, latin1ToBytes } from '../../../kernel/latin1.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import type { RawOption } from './raw-options.ts';
import { decodeOptionFields, encodeOptions, OVERLOAD_CODE, optionsBytes } from './raw-options.ts';

/*
 *  0       1       2       3
 *  +-------+-------+-------+-------+
 *  |  op   | htype |  hlen | hops  |   1 = request, 2 = reply; 1 = Ethernet; 6
 *  +-------+-------+-------+-------+
 *  |              xid              |
 *  +---------------+---------------+
 *  |     secs      |     flags     |   0x8000 = answer by broadcast
 *  +---------------+---------------+
 *  | ciaddr  yiaddr  siaddr giaddr |   4 x 4
 *  +-------------------------------+
 *  |          chaddr  (16)         |
 *  |          sname   (64)         |   or options, if option 52 says so
 *  |          file   (128)         |   or options, if option 52 says so
 *  +-------------------------------+
 *  | 63 82 53 63 | options … 255   |   RFC 2131 section 2 and 3
 *  +-------------------------------+
 */

/** A DHCP message as values. Option 52 is resolved while decoding: it is never in `options`, and never written. */
export type DhcpMessage = {
  readonly op: 1 | 2;
  readonly htype: number;
  /** How many bytes of `chaddr` mean something: 0 to 16. */
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  /** All 16 bytes, as they came. */
  readonly chaddr: Uint8Array;
  /** One character for each byte, up to the first NUL. */
  readonly sname: string;
  readonly file: string;
  /** Every option once, raw, in the order of first appearance; what Slipway does not know is kept. */
  readonly options: readonly RawOption[];
};

export type DecodeError = {
  readonly reason: 'too-short' | 'bad-op' | 'bad-hlen' | 'bad-cookie' | 'option-overrun';
  /** What was wrong, with offsets and lengths, for the log. */
  readonly sentence: string;
};

export type EncodeError = { readonly field: string; readonly sentence: string };

export const BROADCAST_FLAG = 0x8000;
const COOKIE = 0x63825363;
const SNAME_BYTES = 64;
const FILE_BYTES = 128;
const NOTHING = new Uint8Array(0);
/** Up to and including the cookie. */
export const HEADER_BYTES = 240;
/** RFC 1542 section 2.1: BOOTP relays and some ROMs drop anything shorter. */
export const MIN_MESSAGE_BYTES = 300;

/**
 * Reads a datagram. It may be shorter than 300 bytes, and may lack the END option; it may not end inside the header or
 * inside an option. Never throws.
 */
export function decodeMessage(datagram: Uint8Array): Result<DhcpMessage, DecodeError> {
  const reader = new ByteReader(datagram);
  const op = reader.uint8();
  const [htype, hlen, hops] = [reader.uint8(), reader.uint8(), reader.uint8()];
  const xid = reader.uint32();
  const [secs, flags] = [reader.uint16(), reader.uint16()];
  const [ciaddr, yiaddr, siaddr, giaddr] = [address(reader), address(reader), address(reader), address(reader)];
  const chaddr = reader.bytes(16);
  const snameField = reader.view(SNAME_BYTES);
  const fileField = reader.view(FILE_BYTES);
  const cookie = reader.uint32();
  if (reader.failure) {
    const { offset, need, have } = reader.failure;
    return refuse('too-short', `header needs ${need} bytes at offset ${offset}, ${have} are there`);
  }
  if (op !== 1 && op !== 2) return refuse('bad-op', `op is ${op}, neither request (1) nor reply (2)`);
  if (hlen > 16) return refuse('bad-hlen', `hlen is ${hlen}, chaddr holds 16`);
  if (cookie !== COOKIE) return refuse('bad-cookie', `cookie is 0x${cookie.toString(16)}: plain BOOTP, or not DHCP`);
  const fields = decodeOptionFields(reader.view(reader.remaining), fileField, snameField);
  if (!fields.ok) return refuse('option-overrun', fields.error);
  const { options, overload } = fields.value;
  const sname = overload & 2 ? '' : fieldText(snameField);
  const file = overload & 1 ? '' : fieldText(fileField);
  const header = { op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr } as const;
  return ok({ ...header, sname, file, options });
}

/**
 * Writes a message, at least 300 bytes long. Options keep their order; long ones are split (RFC 3396).
 * Fails with the field that does not fit; nothing is ever cut off.
 */
export function encodeMessage(message: DhcpMessage): Result<Uint8Array, EncodeError> {
  const sname = latin1ToBytes(message.sname);
  if (!sname || sname.length > SNAME_BYTES) return tooLong('sname', message.sname, SNAME_BYTES);
  const file = latin1ToBytes(message.file);
  if (!file || file.length > FILE_BYTES) return tooLong('file', message.file, FILE_BYTES);
  if (message.chaddr.length !== 16 || message.hlen > 16)
    return err({ field: 'chaddr', sentence: `chaddr has ${message.chaddr.length} bytes, 16 are needed` });
  const misplaced = message.options.find(isFraming);
  if (misplaced)
    return err({ field: 'options', sentence: `option ${misplaced.code} is framing, and is not written as a value` });
  const writer = new ByteWriter(messageBytes(message))
    .uint8(message.op)
    .uint8(message.htype)
    .uint8(message.hlen)
    .uint8(message.hops)
    .uint32(message.xid)
    .uint16(message.secs)
    .uint16(message.flags)
    .uint32(ipv4ToNumber(message.ciaddr))
    .uint32(ipv4ToNumber(message.yiaddr))
    .uint32(ipv4ToNumber(message.siaddr))
    .uint32(ipv4ToNumber(message.giaddr))
    .bytes(message.chaddr)
    .padded(sname, SNAME_BYTES)
    .padded(file, FILE_BYTES)
    .uint32(COOKIE);
  encodeOptions(message.options, writer);
  if (writer.length < MIN_MESSAGE_BYTES) writer.padded(NOTHING, MIN_MESSAGE_BYTES - writer.length);
  return ok(writer.finish());
}

/** How long a message is on the wire, without writing it. */
export function messageBytes(message: DhcpMessage): number {
  return Math.max(MIN_MESSAGE_BYTES, HEADER_BYTES + optionsBytes(message.options));
}

/** The raw bytes of an option, or undefined if it is absent. */
export function rawOption(message: DhcpMessage, code: number): Uint8Array | undefined {
  // Asked some thirty times a packet: a closure for each would be most of what it costs.
  for (let i = 0; i < message.options.length; i++) {
    const option = message.options[i];
    if (option?.code === code) return option.bytes;
  }
  return undefined;
}

function isFraming({ code }: RawOption): boolean {
  return code <= 0 || code >= 255 || code === OVERLOAD_CODE;
}

function address(reader: ByteReader): Ipv4 {
  return ipv4FromNumber(reader.uint32());
}

function fieldText(bytes: Uint8Array): string {
  if (bytes[0] === 0) return '';
  const end = bytes.indexOf(0);
  return latin1FromBytes(end < 0 ? bytes : bytes.subarray(0, end));
}

function refuse(reason: DecodeError['reason'], sentence: string): Result<never, DecodeError> {
  return err({ reason, sentence });
}

function tooLong(field: string, text: string, room: number): Result<never, EncodeError> {
  return err({ field, sentence: `${field} has room for ${room} bytes of Latin-1, not for "${text}"` });
}
