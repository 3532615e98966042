/** Shorter ones would be found in ordinary words, so nothing takes them out of a log. */
const SHORTEST = 6;
const LONGEST_BYTES = 64 * 1024;

/** Why something cannot be kept as a secret of that name; the sentence has nothing of the value. */
export function whyNoSecret(name: string, value: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name))
    return `${JSON.stringify(name.slice(0, 80))} cannot be the name of a secret: letters, digits and underscores, such as joinToken`;
  if (value.length < SHORTEST)
    return `secret "${name}" has fewer than ${SHORTEST} characters: so short a text could not be kept out of logs`;
  // At most four bytes for each unit of UTF-16; a file of the site file has the same bound.
  if (value.length * 3 > LONGEST_BYTES && bytesOf(value) > LONGEST_BYTES)
    return `secret "${name}" is larger than 64 KiB`;
  return value.isWellFormed() ? undefined : `secret "${name}" is not text in UTF-8`;
}

function bytesOf(text: string): number {
  let bytes = 0;
  for (const letter of text) {
    const point = letter.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
