/** In bits and decimal, as lines are sold. */
const bitsOf: Readonly<Record<string, number>> = { kbit: 1e3, Mbit: 1e6, Gbit: 1e9 };
/** In bytes and decimal, as disks and allowances are sold. */
const bytesOf: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Reads the speed of a line, such as `20Mbit` or `1.5Gbit`, as bytes per second; undefined for anything else. */
export function parseRate(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)\s?(kbit|Mbit|Gbit)(?:\/s)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Math.round((Number(amount) * (bitsOf[unit] ?? 0)) / 8);
}

/** Reads an amount of bytes, such as `200GB` or `1.5TB`; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)\s?(kB|MB|GB|TB)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Math.round(Number(amount) * (bytesOf[unit] ?? 0));
}

/** An amount of bytes as a person says it: `817 kB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const units = Object.entries(bytesOf);
  // The bound is that of the rounded text: nothing is 1000.0 MB.
  const fitting = units.find(([, size]) => bytes / size < 999.95) ?? units.at(-1);
  const [unit, size] = fitting ?? ['bytes', 1];
  const amount = bytes / size;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}
