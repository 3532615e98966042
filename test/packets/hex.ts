import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Reads `requests/NAME.hex`: bytes in hex, `N x 00` for N zeros, `#` begins a comment.
 */
export function readRequest(name: string): Uint8Array {
  const text = readFileSync(fileURLToPath(new URL(`requests/${name}.hex`, import.meta.url)), 'utf8');
  return Uint8Array.from(text.split('\n').flatMap((line) => bytesOf(line.replace(/#.*/, '').trim())));
}

function bytesOf(line: string): number[] {
  const zeros = /^(\d+) x 00$/.exec(line)?.[1];
  if (zeros !== undefined) return new Array<number>(Number(zeros)).fill(0);
  return line === '' ? [] : line.split(/\s+/).map((pair) => Number.parseInt(pair, 16));
}
