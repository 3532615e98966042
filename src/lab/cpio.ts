/** One entry of a cpio archive. Directories come before what lies in them, because the kernel unpacks in order. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Uint8Array; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const TRAILER = 'TRAILER!!!';
const TYPE_AND_MODE = { directory: 0o040755, file: 0o100644, link: 0o120777 } as const;

/**
 * Encodes an archive in the "newc" format, which the kernel takes as an initramfs. The same entries give the same
 * bytes: no times, no owners but root, so that the archive keeps its digest.
 *
 *     "070701" | 13 fields of 8 hex digits | name NUL | pad to 4 | bytes | pad to 4
 */
export function encodeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, index) => encodeEntry(entry.path, modeOf(entry), bytesOf(entry), index + 1));
  return Buffer.concat([...parts, ...encodeEntry(TRAILER, 0, new Uint8Array(0), 0)]);
}

function encodeEntry(name: string, mode: number, bytes: Uint8Array, inode: number): Uint8Array[] {
  const encodedName = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, encodedName.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [header, encodedName, padding(header.length + encodedName.length), bytes, padding(bytes.length)];
}

function modeOf(entry: CpioEntry): number {
  return TYPE_AND_MODE[entry.kind] | (entry.kind === 'file' && entry.executable ? 0o111 : 0);
}

function bytesOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes;
  return entry.kind === 'link' ? Buffer.from(entry.target) : new Uint8Array(0);
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
