import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Reads `requests/NAME.hex`: bytes in hex, `N x 00` for N zeros, `#` begins a comment.
 */
export function readRequest(name: string): Uint8Array {
  const text = readFileSync(fileURLToPath(new URL(`requests/${name}.hex`, import.meta.url)), 'utf8');
  return readHex(text.split('\n'));
}

/** The bytes of some lines of that form. */
export function readHex(lines: readonly string[]): Uint8Array {
  return Uint8Array.from(lines.flatMap((line) => bytesOf(line.replace(/#.*/, '').trim())));
}

const ROW = 16;
const LONG_ZEROS = /(?:00){32,}/g;

/** Lines of that form, 16 bytes each, in which long runs of zeros are told and not shown. */
export function writeHex(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString('hex');
  const lines: string[] = [];
  let at = 0;
  for (const { index, 0: zeros } of hex.matchAll(LONG_ZEROS)) {
    // A run may begin with the second digit of a byte.
    const from = index + (index % 2);
    const count = Math.floor((index + zeros.length - from) / 2);
    lines.push(...rows(hex.slice(at, from)), `${count} x 00`);
    at = from + 2 * count;
  }
  return [...lines, ...rows(hex.slice(at))];
}

function rows(hex: string): string[] {
  const pairs = hex.match(/../g) ?? [];
  return Array.from({ length: Math.ceil(pairs.length / ROW) }, (_, row) =>
    pairs.slice(row * ROW, (row + 1) * ROW).join(' '),
  );
}

function bytesOf(line: string): number[] {
  const zeros = /^(\d+) x 00$/.exec(line)?.[1];
  if (zeros !== undefined) return new Array<number>(Number(zeros)).fill(0);
  return line === '' ? [] : line.split(/\s+/).map((pair) => Number.parseInt(pair, 16));
}
