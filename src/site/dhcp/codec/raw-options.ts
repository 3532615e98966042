import type { ByteWriter } from '../../../kernel/bytes.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';

/*
 *  +------+--------+--------- … ---+
 *  | code | length | length bytes  |   RFC 2132 section 2; 0 (PAD) and 255 (END) have no length
 *  +------+--------+--------- … ---+
 */

/** One option as it stands on the wire; several pieces of one code are already joined. The bytes may be those of the datagram. */
export type RawOption = { readonly code: number; readonly bytes: Uint8Array };

export const PAD = 0;
export const END = 255;
export const OVERLOAD_CODE = 52;
const BOOT_FILE_CODE = 67;

/** Bits of option 52: which fields of the header carry options instead of text. */
type Decoded = { readonly options: readonly RawOption[]; readonly overload: number };

/**
 * Reads the options field, then `file` and `sname` if option 52 says so (in that order: RFC 3396 section 7), and joins
 * the pieces of each code. Fails if an option claims more bytes than its field has.
 */
export function decodeOptionFields(field: Uint8Array, file: Uint8Array, sname: Uint8Array): Result<Decoded, string> {
  const pieces: RawOption[] = [];
  const first = collect(field, 'options', pieces);
  if (first !== undefined) return err(first);
  const overload = (pieces.find(isOverload)?.bytes[0] ?? 0) & 3;
  // A field that carries options cannot overload again; an option 52 in it means nothing.
  const inFile = overload & 1 ? collect(file, 'file', pieces) : undefined;
  const inSname = overload & 2 ? collect(sname, 'sname', pieces) : undefined;
  const wrong = inFile ?? inSname;
  if (wrong !== undefined) return err(wrong);
  const options = joinPieces(pieces);
  return ok({
    options: options.some(isOverload) ? options.filter((option) => !isOverload(option)) : options,
    overload,
  });
}

/** Writes options in the given order, then END. */
export function encodeOptions(options: readonly RawOption[], writer: ByteWriter): void {
  for (const option of options) {
    encodeOption(option, writer);
    // Intel Boot Agent and many Lenovo and Gigabyte ROMs read one byte past option 67 and append it to the file name;
    // a NUL there is harmless, the next option's code or the END byte 0xFF is a file that nobody has.
    if (option.code === BOOT_FILE_CODE) writer.uint8(PAD);
  }
  writer.uint8(END);
}

/** How many bytes `encodeOptions` writes. */
export function optionsBytes(options: readonly RawOption[]): number {
  let sum = 1;
  for (let i = 0; i < options.length; i++) {
    const option = options[i];
    if (!option) continue;
    const { length } = option.bytes;
    sum += 2 * Math.max(1, Math.ceil(length / 255)) + length + (option.code === BOOT_FILE_CODE ? 1 : 0);
  }
  return sum;
}

/** The options of an encapsulating option (43, 175): the same framing; undefined if one overruns. */
export function decodeEncapsulated(bytes: Uint8Array): readonly RawOption[] | undefined {
  const pieces: RawOption[] = [];
  return collect(bytes, 'sub-options', pieces) === undefined ? joinPieces(pieces) : undefined;
}

/** RFC 3396 section 5: what does not fit into 255 bytes follows in further options of the same code. */
function encodeOption({ code, bytes }: RawOption, writer: ByteWriter): void {
  if (bytes.length <= 255) {
    writer.uint8(code).uint8(bytes.length).bytes(bytes);
    return;
  }
  let offset = 0;
  do {
    const part = bytes.subarray(offset, offset + 255);
    writer.uint8(code).uint8(part.length).bytes(part);
    offset += part.length;
  } while (offset < bytes.length);
}

/** Adds the options of one field to `pieces`; the answer is what was wrong, if anything. */
function collect(field: Uint8Array, name: string, pieces: RawOption[]): string | undefined {
  let offset = 0;
  while (offset < field.length) {
    const code = field[offset] ?? END;
    if (code === END) return undefined;
    if (code === PAD) {
      offset += 1;
      continue;
    }
    const length = field[offset + 1];
    const end = offset + 2 + (length ?? 0);
    if (length === undefined || end > field.length)
      return `option ${code} at offset ${offset} of ${name} claims ${length ?? 'no'} bytes, ${Math.max(0, field.length - offset - 2)} are left`;
    pieces.push({ code, bytes: field.subarray(offset + 2, end) });
    offset = end;
  }
  return undefined;
}

/** RFC 3396: the pieces of one code are one option. Nearly always each code is there once, and nothing is to be done. */
function joinPieces(pieces: readonly RawOption[]): readonly RawOption[] {
  const seen = new Uint8Array(256);
  let isTwice = false;
  for (const { code } of pieces) {
    isTwice ||= seen[code] === 1;
    seen[code] = 1;
  }
  if (!isTwice) return pieces;
  const parts = new Map<number, Uint8Array[]>();
  for (const { code, bytes } of pieces) {
    const before = parts.get(code);
    if (before) before.push(bytes);
    else parts.set(code, [bytes]);
  }
  return Array.from(parts, ([code, all]) => ({ code, bytes: join(all) }));
}

function isOverload({ code }: RawOption): boolean {
  return code === OVERLOAD_CODE;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
