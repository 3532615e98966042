import { ipv4ToBytes, parseIpv4, parseSubnet } from '../kernel/ipv4.ts';
import { latin1ToBytes } from '../kernel/latin1.ts';
import type { NetworkOption } from '../model/network.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import { didYouMean } from './problem.ts';
import type { OptionValue } from './schema-parts.ts';
import type { Scope } from './text.ts';

/** How the value of an option is written in a template. Each answers undefined for what it cannot encode. */
const kinds = {
  text: { expected: 'text in ASCII', encode: (value) => (typeof value === 'string' ? encodeText(value) : undefined) },
  hex: {
    expected: 'pairs of hex digits such as 0a0b0c',
    encode: (value) => (typeof value === 'string' ? encodeHex(value) : undefined),
  },
  ips: { expected: 'a list of IPv4 addresses', encode: encodeIps },
  domains: { expected: 'a list of domain names', encode: (value) => encodeList(value, encodeDomain) },
  routes: {
    expected: 'a list of routes such as "10.9.0.0/16 via 10.0.0.1"',
    encode: (value) => encodeList(value, encodeRoute),
  },
  int32: { expected: 'a whole number of four bytes', encode: (value) => encodeNumber(value, 4, -(2 ** 31)) },
  uint8: { expected: 'a number from 0 to 255', encode: (value) => encodeNumber(value, 1, 0) },
  uint16: { expected: 'a number from 0 to 65535', encode: (value) => encodeNumber(value, 2, 0) },
  uint32: { expected: 'a number from 0 to 4294967295', encode: (value) => encodeNumber(value, 4, 0) },
} as const satisfies Record<
  string,
  { readonly expected: string; readonly encode: (value: unknown) => readonly number[] | undefined }
>;

type Kind = keyof typeof kinds;

/** Options that may be given by name: RFC 2132, 3397 (domain-search), 3442 (classless-routes), 4833 and 8910. */
export const NAMED_OPTIONS = {
  'time-offset': { code: 2, kind: 'int32' },
  'log-servers': { code: 7, kind: 'ips' },
  'root-path': { code: 17, kind: 'text' },
  'nis-domain': { code: 40, kind: 'text' },
  'posix-timezone': { code: 100, kind: 'text' },
  'tzdb-timezone': { code: 101, kind: 'text' },
  'captive-portal': { code: 114, kind: 'text' },
  'domain-search': { code: 119, kind: 'domains' },
  'classless-routes': { code: 121, kind: 'routes' },
  'tftp-server-addresses': { code: 150, kind: 'ips' },
  wpad: { code: 252, kind: 'text' },
} as const satisfies Record<string, { readonly code: number; readonly kind: Kind }>;

/** Options that Slipway decides for each client, and what to write instead where there is something. */
const decided: Readonly<Record<number, string>> = {
  0: '',
  1: 'subnet',
  3: 'router',
  6: 'dns',
  12: '',
  15: 'domain',
  26: 'mtu',
  28: 'subnet',
  42: 'ntp',
  43: '',
  50: '',
  51: 'lease',
  52: '',
  53: '',
  54: '',
  55: '',
  56: '',
  57: '',
  58: 'lease',
  59: 'lease',
  60: '',
  61: '',
  66: '',
  67: '',
  77: '',
  81: '',
  82: '',
  93: '',
  94: '',
  97: '',
  118: '',
  175: '',
  255: '',
};

/** What people call the options that have a key of their own. */
const decidedNames: Readonly<Record<string, string>> = {
  router: 'router',
  routers: 'router',
  gateway: 'router',
  dns: 'dns',
  'dns-servers': 'dns',
  'domain-name-servers': 'dns',
  mtu: 'mtu',
  'interface-mtu': 'mtu',
  ntp: 'ntp',
  'ntp-servers': 'ntp',
  domain: 'domain',
  'domain-name': 'domain',
  'lease-time': 'lease',
};

/** The options of a network, encoded and in order of their codes. */
export function encodeOptions(
  path: Path,
  options: Readonly<Record<string, OptionValue>>,
  scope: Scope,
  context: Context,
): readonly NetworkOption[] {
  const encoded = new Map<number, NetworkOption>();
  for (const [key, value] of Object.entries(options)) {
    const option = encodeOption([...path, key], key, value, scope, context);
    if (option && encoded.has(option.code))
      context.problems.key([...path, key], `option ${option.code} is given twice`);
    if (option) encoded.set(option.code, option);
  }
  return [...encoded.values()].sort((a, b) => a.code - b.code);
}

function encodeOption(
  path: Path,
  key: string,
  value: OptionValue,
  scope: Scope,
  context: Context,
): NetworkOption | undefined {
  const target = targetOf(key, value);
  if (typeof target === 'string') {
    context.problems.key(path, target);
    return undefined;
  }
  const rendered = renderValue(target.path(path), target.value, scope, context);
  if (rendered === undefined) return undefined;
  const bytes = kinds[target.kind].encode(rendered);
  if (bytes && bytes.length > 0 && bytes.length <= 255) return { code: target.code, bytes };
  return context.wrong(
    target.path(path),
    `${kinds[target.kind].expected}, at most 255 bytes`,
    typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? ''),
  );
}

type Target = {
  readonly code: number;
  readonly kind: Kind;
  readonly value: unknown;
  readonly path: (path: Path) => Path;
};

/** Which option is meant and how its value is written, or a sentence about what is wrong. */
function targetOf(key: string, value: OptionValue): Target | string {
  if (!/^\d{1,3}$/.test(key)) return namedTarget(key, value);
  const code = Number(key);
  if (code > 255) return 'DHCP options go from 1 to 254';
  const instead = decided[code];
  if (instead !== undefined) return decidedSentence(`option ${code}`, instead);
  const typed = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
  const [only] = typed;
  if (!only || typed.length !== 1)
    return 'an option by number needs exactly one of hex, text, ips, uint8, uint16, uint32';
  return { code, kind: only[0] as Kind, value: only[1], path: (path) => [...path, only[0]] };
}

function namedTarget(key: string, value: OptionValue): Target | string {
  const instead = Object.hasOwn(decidedNames, key) ? decidedNames[key] : undefined;
  if (instead !== undefined) return decidedSentence(`"${key}"`, instead);
  if (!Object.hasOwn(NAMED_OPTIONS, key)) {
    const names = Object.keys(NAMED_OPTIONS);
    return `there is no option of this name${didYouMean(key, names) || `; there are: ${names.join(', ')}, and any by number`}`;
  }
  const { code, kind } = NAMED_OPTIONS[key as keyof typeof NAMED_OPTIONS];
  return { code, kind, value, path: (path) => path };
}

function decidedSentence(what: string, instead: string): string {
  return `Slipway decides ${what} itself${instead === '' ? '' : `: use \`${instead}\` of the network`}`;
}

function renderValue(path: Path, value: unknown, scope: Scope, context: Context): unknown {
  if (typeof value === 'string') return context.text(path, value, scope);
  if (!Array.isArray(value)) return value;
  const items = value.map((item: unknown, index) => renderValue([...path, index], item, scope, context));
  return items.includes(undefined) ? undefined : items;
}

function encodeText(text: string): readonly number[] | undefined {
  return /^[\x20-\x7e]+$/.test(text) ? [...(latin1ToBytes(text) ?? [])] : undefined;
}

function encodeHex(text: string): readonly number[] | undefined {
  const hex = text.replaceAll(/[\s:]/g, '');
  return /^([0-9a-f]{2})+$/i.test(hex) ? (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)) : undefined;
}

function encodeNumber(value: unknown, sizeBytes: number, min: number): readonly number[] | undefined {
  const number =
    typeof value === 'number' || (typeof value === 'string' && /^-?\d{1,10}$/.test(value)) ? Number(value) : Number.NaN;
  const max = min + 2 ** (8 * sizeBytes) - 1;
  if (!Number.isInteger(number) || number < min || number > max) return undefined;
  return Array.from({ length: sizeBytes }, (_, i) => Math.floor(number / 2 ** (8 * (sizeBytes - 1 - i))) & 255);
}

function encodeIps(value: unknown): readonly number[] | undefined {
  return encodeList(typeof value === 'string' ? [value] : value, (text) => {
    const address = parseIpv4(text);
    return address && [...ipv4ToBytes(address)];
  });
}

function encodeList(
  value: unknown,
  encode: (text: string) => readonly number[] | undefined,
): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = value.map((item: unknown) => (typeof item === 'string' ? encode(item) : undefined));
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

/** RFC 1035 section 3.1, without compression (RFC 3397 allows it to be left out). */
function encodeDomain(text: string): readonly number[] | undefined {
  const labels = text.replace(/\.$/, '').split('.');
  if (!labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))) return undefined;
  return [...labels.flatMap((label) => [label.length, ...(latin1ToBytes(label) ?? [])]), 0];
}

/** RFC 3442: the length of the prefix, its significant bytes, the router. */
function encodeRoute(text: string): readonly number[] | undefined {
  const [, to = '', via = ''] = /^(\S+)\s+via\s+(\S+)$/.exec(text) ?? [];
  const subnet = parseSubnet(to);
  const router = parseIpv4(via);
  if (!subnet || !router) return undefined;
  const significant = [...ipv4ToBytes(subnet.network)].slice(0, Math.ceil(subnet.prefix / 8));
  return [subnet.prefix, ...significant, ...ipv4ToBytes(router)];
}
