/** What a document of ours is made of. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | YamlMap;
export type YamlMap = { readonly [key: string]: YamlValue };

/**
 * YAML that readers of version 1.1 (cloud-init's) and of 1.2 (Talos') understand alike: block style, and every text in
 * double quotes, since 1.1 takes `52:54:00:12:34:56`, `no` and `010` for other things than texts. Lines end in `\n`.
 */
export function formatYaml(value: YamlMap): string {
  const lines = mapLines(value);
  return `${lines.length > 0 ? lines.join('\n') : '{}'}\n`;
}

function mapLines(map: YamlMap): string[] {
  return Object.entries(map).flatMap(([key, value]) => entryLines(`${formatKey(key)}:`, value));
}

function listLines(list: readonly YamlValue[]): string[] {
  return list.flatMap((value) => entryLines('-', value));
}

function entryLines(head: string, value: YamlValue): string[] {
  if (typeof value !== 'object') return [`${head} ${formatScalar(value)}`];
  const inner = isList(value) ? listLines(value) : mapLines(value);
  if (inner.length === 0) return [`${head} ${isList(value) ? '[]' : '{}'}`];
  return [head, ...inner.map((line) => `  ${line}`)];
}

function isList(value: readonly YamlValue[] | YamlMap): value is readonly YamlValue[] {
  return Array.isArray(value);
}

function formatScalar(value: string | number | boolean): string {
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Words that YAML 1.1 takes for true, false or nothing. */
const reserved = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null']);

function formatKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) && !reserved.has(key.toLowerCase()) ? key : quote(key);
}

/** Everything but printable ASCII is escaped: PyYAML folds a line at U+0085 and U+2028, and takes no surrogate pairs. */
function quote(text: string): string {
  const inner = Array.from(text.toWellFormed(), (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === '\\') return `\\${char}`;
    if (code >= 0x20 && code <= 0x7e) return char;
    if (code <= 0xff) return `\\x${hex(code, 2)}`;
    return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return `"${inner.join('')}"`;
}

function hex(code: number, width: number): string {
  return code.toString(16).toUpperCase().padStart(width, '0');
}
