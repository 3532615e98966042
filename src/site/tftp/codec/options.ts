import type { TftpOption } from './packet.ts';

/** The options that this server knows: one row each. `least` and `most` are what a value may be, both included. */
export const TFTP_OPTIONS = [
  { name: 'blksize', rfc: 'RFC 2348', unit: 'bytes', least: 8, most: 65_464 },
  { name: 'timeout', rfc: 'RFC 2349', unit: 'seconds', least: 1, most: 255 },
  { name: 'tsize', rfc: 'RFC 2349', unit: 'bytes', least: 0, most: Number.MAX_SAFE_INTEGER },
  { name: 'windowsize', rfc: 'RFC 7440', unit: 'blocks', least: 1, most: 65_535 },
] as const;

export type TftpOptionName = (typeof TFTP_OPTIONS)[number]['name'];

/** An option that we know, with a value that its RFC allows. `asked` is the name as the client wrote it. */
export type KnownOption = { readonly name: TftpOptionName; readonly asked: string; readonly value: number };

/**
 * The known options of a request, each once, in the order in which they were asked. What is unknown, malformed or out of
 * range is left out: RFC 2347 has the server answer as if it had not been asked.
 */
export function parseOptions(options: readonly TftpOption[]): KnownOption[] {
  const known = new Map<TftpOptionName, KnownOption>();
  for (const { name, value } of options) {
    // RFC 2347: names are case-insensitive.
    const row = TFTP_OPTIONS.find((candidate) => candidate.name === name.toLowerCase());
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!row || known.has(row.name) || !(number >= row.least && number <= row.most)) continue;
    known.set(row.name, { name: row.name, asked: name, value: number });
  }
  return [...known.values()];
}
