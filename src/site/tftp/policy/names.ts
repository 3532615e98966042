/**
 * The name to look up for a file name as clients write it: in lower case, with single forward slashes and none in front.
 * The answer is only ever a key of a table, so `..` means nothing.
 */
export function normaliseName(raw: string): string {
  return (
    raw
      // ROMs of Intel, Lenovo and Kontron read option 67 too far and append its neighbour, the END option 0xff.
      .replace(/[\x80-\xff]+$/, '')
      .replaceAll('\\', '/')
      // Windows loaders name a drive.
      .replace(/^[a-z]:/i, '')
      .replace(/\/{2,}/g, '/')
      .replace(/^\//, '')
      .toLowerCase()
  );
}

const MAX_SHOWN = 128;

/** A name that somebody sent, safe for a log and a screen: printable ASCII, escaped and cut. */
export function escapeName(raw: string): string {
  const escaped = raw
    .slice(0, MAX_SHOWN)
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return raw.length > MAX_SHOWN ? `${escaped}…` : escaped;
}
