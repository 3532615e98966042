import { ByteReader, ByteWriter } from '../../../kernel/bytes.ts';
import { latin1FromBytes, latin1ToBytes, untilNul } from '../../../kernel/latin1.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';

/**
 * RFC 1350 section 5, RFC 2347:
 *
 *      2 bytes   string   1    string   1   string  1   string  1
 *     +-------+----------+---+--------+---+--------+---+-------+---+
 *     | 1 | 2 | Filename | 0 |  Mode  | 0 | option | 0 | value | 0 | …     RRQ, WRQ
 *     +-------+----------+---+--------+---+--------+---+-------+---+
 *
 *      2 bytes   2 bytes     0 to blksize bytes
 *     +-------+-----------+--------------------+
 *     |   3   |  Block #  |        Data        |                          DATA
 *     +-------+-----------+--------------------+
 *     |   4   |  Block #  |                                               ACK
 *     +-------+-----------+---------------+---+
 *     |   5   | ErrorCode |    Message    | 0 |                           ERROR
 *     +-------+-----------+---------------+---+
 *     |   6   | option | 0 | value | 0 | …                                OACK
 *     +-------+--------+---+-------+---+
 */
export type TftpPacket = TftpRequest | TftpData | TftpAck | TftpError | TftpOptionAck;

/** Strings hold one character per byte, as they came; nothing is folded to lower case yet. */
export type TftpRequest = {
  readonly kind: 'rrq' | 'wrq';
  readonly filename: string;
  readonly mode: string;
  readonly options: readonly TftpOption[];
};
export type TftpData = { readonly kind: 'data'; readonly block: number; readonly bytes: Uint8Array };
export type TftpAck = { readonly kind: 'ack'; readonly block: number };
export type TftpError = { readonly kind: 'error'; readonly code: number; readonly message: string };
export type TftpOptionAck = { readonly kind: 'oack'; readonly options: readonly TftpOption[] };
export type TftpOption = { readonly name: string; readonly value: string };

/** RFC 1350 section 5, and 8 of RFC 2347. */
export const ERROR_CODES = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionRefused: 8,
} as const;

const opcodes = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Reads a datagram; the error says what is wrong with it. Never throws. */
export function decodeTftp(bytes: Uint8Array): Result<TftpPacket, string> {
  const reader = new ByteReader(bytes);
  const opcode = reader.uint16();
  if (reader.failure) return err(`${bytes.length} bytes are too few for an opcode`);
  switch (opcode) {
    case opcodes.rrq:
    case opcodes.wrq:
      return decodeRequest(opcode === opcodes.rrq ? 'rrq' : 'wrq', strings(reader));
    case opcodes.data:
    case opcodes.ack:
    case opcodes.error:
      return decodeNumbered(opcode, reader);
    case opcodes.oack:
      return ok({ kind: 'oack', options: pairs(strings(reader).complete) });
    default:
      return err(`opcode ${opcode} is none of TFTP`);
  }
}

/**
 * The datagram of a packet. Strings must be free of NUL and of characters beyond one byte.
 * @throws RangeError if they are not: the packet would say something else than its sender means
 */
export function encodeTftp(packet: TftpPacket): Uint8Array {
  const writer = new ByteWriter(packet.kind === 'data' ? packet.bytes.length + 4 : 64).uint16(opcodes[packet.kind]);
  switch (packet.kind) {
    case 'rrq':
    case 'wrq':
      writeString(writeString(writer, packet.filename), packet.mode);
      return writeOptions(writer, packet.options).finish();
    case 'data':
      return writer.uint16(packet.block).bytes(packet.bytes).finish();
    case 'ack':
      return writer.uint16(packet.block).finish();
    case 'error':
      return writeString(writer.uint16(packet.code), packet.message).finish();
    case 'oack':
      return writeOptions(writer, packet.options).finish();
    default:
      return packet satisfies never;
  }
}

/** What stands before the bytes of a block. */
export const DATA_HEADER_BYTES = 4;

/**
 * Makes the DATA packets of `count` blocks from `first` on, one behind the other, where their bytes stand at the end of `packets`:
 * each but the last has `blockBytes`, and in front there is room for the headers. Numbers roll over from 65535 to 0: clients that
 * can take such files at all expect that.
 */
export function packDataBlocks(
  packets: Uint8Array,
  { first, count, blockBytes }: { readonly first: number; readonly count: number; readonly blockBytes: number },
): void {
  for (let index = 0; index < count; index++) {
    const at = index * (DATA_HEADER_BYTES + blockBytes);
    const from = count * DATA_HEADER_BYTES + index * blockBytes;
    packets.copyWithin(at + DATA_HEADER_BYTES, from, from + blockBytes);
    packets[at] = 0;
    packets[at + 1] = opcodes.data;
    packets[at + 2] = (first + index) >> 8;
    packets[at + 3] = first + index;
  }
}

/** The block of an ACK, undefined if it is none: what nearly every datagram is, without the objects of `decodeTftp`. */
export function ackedBlock(bytes: Uint8Array): number | undefined {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== opcodes.ack) return undefined;
  return ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
}

function decodeRequest(kind: 'rrq' | 'wrq', { complete, rest }: Strings): Result<TftpPacket, string> {
  const [filename, ...others] = complete;
  if (filename === undefined) return err('the file name has no end');
  // Some boot ROMs forget the NUL after the mode when nothing follows.
  const [mode, ...options] = others.length > 0 ? others : [rest];
  if (!mode) return err('there is no mode');
  return ok({ kind, filename, mode, options: pairs(options) });
}

function decodeNumbered(opcode: 3 | 4 | 5, reader: ByteReader): Result<TftpPacket, string> {
  const number = reader.uint16();
  if (reader.failure) return err(`the packet with opcode ${opcode} ends before its number`);
  if (opcode === opcodes.ack) return ok({ kind: 'ack', block: number });
  const bytes = reader.bytes(reader.remaining);
  if (opcode === opcodes.data) return ok({ kind: 'data', block: number, bytes });
  return ok({ kind: 'error', code: number, message: untilNul(latin1FromBytes(bytes)) });
}

/** What ends with a NUL, and what is left without one. */
type Strings = { readonly complete: readonly string[]; readonly rest: string };

function strings(reader: ByteReader): Strings {
  const parts = latin1FromBytes(reader.bytes(reader.remaining)).split('\0');
  return { complete: parts.slice(0, -1), rest: parts.at(-1) ?? '' };
}

/** Names and values in turn. An empty name ends the list: ROMs fill up their requests with zeros. */
function pairs(texts: readonly string[]): TftpOption[] {
  const options: TftpOption[] = [];
  for (let i = 0; i + 1 < texts.length && texts[i] !== ''; i += 2)
    options.push({ name: texts[i] ?? '', value: texts[i + 1] ?? '' });
  return options;
}

function writeOptions(writer: ByteWriter, options: readonly TftpOption[]): ByteWriter {
  for (const { name, value } of options) writeString(writeString(writer, name), value);
  return writer;
}

function writeString(writer: ByteWriter, text: string): ByteWriter {
  const bytes = latin1ToBytes(text);
  if (!bytes || bytes.includes(0)) throw new RangeError('a string of TFTP has a NUL or a character beyond one byte');
  return writer.bytes(bytes).uint8(0);
}
