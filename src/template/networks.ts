import type { Ipv4, Ipv4Range, Subnet } from '../kernel/ipv4.ts';
import {
  broadcastOf,
  formatSubnet,
  ipv4ToNumber,
  isInRange,
  isInSubnet,
  parseIpv4,
  parseSubnet,
} from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Network } from '../model/network.ts';
import type { Context } from './context.ts';
import { macPattern } from './hardware.ts';
import { identifyingMac } from './match.ts';
import { encodeOptions } from './network-options.ts';
import type { Path } from './places.ts';
import { didYouMean } from './problem.ts';
import type { NetworkDocument } from './schema-parts.ts';
import type { Scope } from './text.ts';

/** The networks of a document as nouns, and what is wrong with them alone and together. */
export function compileNetworks(
  documents: Readonly<Record<string, NetworkDocument>>,
  scope: Scope,
  context: Context,
): ReadonlyMap<string, Network> {
  const networks = new Map<string, Network>();
  for (const [name, document] of Object.entries(documents)) {
    const network = compileNetwork(name, document, scope, context);
    if (!network) continue;
    const other = [...networks.values()].find((earlier) => overlap(earlier.subnet, network.subnet));
    if (other) {
      const message = `${formatSubnet(network.subnet)} overlaps with network "${other.name}" (${formatSubnet(other.subnet)})`;
      context.problems.value(['spec', 'networks', name, 'subnet'], message);
    }
    networks.set(name, network);
  }
  for (const network of networks.values()) checkVia(network, Object.keys(documents), networks, context);
  return networks;
}

/** Why an address cannot be given to a machine or router of this subnet; undefined if it can. */
export function misplaced(address: Ipv4, subnet: Subnet): string | undefined {
  if (!isInSubnet(address, subnet)) return `${address} lies outside of ${formatSubnet(subnet)}`;
  if (address === subnet.network) return `${address} is the address of the network itself`;
  if (address === broadcastOf(subnet)) return `${address} is the broadcast address of ${formatSubnet(subnet)}`;
  return undefined;
}

function compileNetwork(name: string, document: NetworkDocument, scope: Scope, context: Context): Network | undefined {
  const path = ['spec', 'networks', name];
  const subnet = compileSubnet([...path, 'subnet'], document.subnet, scope, context);
  if (!subnet) return undefined;
  const at = { path, subnet, scope, context };
  if (document.mode === 'proxy') refuseLeasing(name, document, at);
  return {
    name,
    mode: document.mode,
    subnet,
    ...compileAddresses(document, at),
    ...compileExtras(document, at),
    ...compileOthers(document, at),
    dns: compileList([...path, 'dns'], document.dns, (item, value) => context.address(item, value, subnet, scope)),
    ntp: compileList([...path, 'ntp'], document.ntp, (item, value) =>
      value === 'site' ? value : context.address(item, value, subnet, scope),
    ),
    lease: compileLease(document.lease ?? LEASE, at),
    options: encodeOptions([...path, 'options'], document.options, scope, context),
  };
}

type Where = { readonly path: Path; readonly subnet: Subnet; readonly scope: Scope; readonly context: Context };

/** Router and pool, each in its subnet and apart from the other. */
function compileAddresses(document: NetworkDocument, at: Where): Pick<Network, 'router' | 'pool'> {
  const { path, subnet, scope, context } = at;
  const routerPath = [...path, 'router'];
  const router =
    document.router === undefined ? undefined : context.address(routerPath, document.router, subnet, scope);
  const wrong = router && misplaced(router, subnet);
  if (wrong) context.problems.value(routerPath, wrong);
  const pool = document.pool === undefined ? undefined : compilePool([...path, 'pool'], document.pool, at);
  if (pool && router && isInRange(router, pool)) {
    context.problems.value([...path, 'pool'], `the pool holds the router ${router}`);
  }
  return { ...(router && { router }), ...(pool && { pool }) };
}

/** Keys that would do nothing: what is leased, and told with it, is the other server's affair. */
function refuseLeasing(name: string, document: NetworkDocument, { path, context }: Where): void {
  const written = {
    pool: document.pool !== undefined,
    lease: document.lease !== undefined,
    router: document.router !== undefined,
    options: Object.keys(document.options).length > 0,
  };
  for (const [key, isWritten] of Object.entries(written)) {
    if (isWritten) context.problems.key([...path, key], `network "${name}" is in proxy mode: another server leases`);
  }
}

/** The lease of networks that name none. */
const LEASE = { firmware: '5m', os: '30m' };
const LEASE_BOUNDS = { min: '1m', max: '30d' };

function compileLease({ firmware, os }: typeof LEASE, { path, scope, context }: Where): Network['lease'] {
  const seconds = (key: string, text: string): number =>
    context.seconds([...path, 'lease', key], text, scope, LEASE_BOUNDS) ?? 0;
  return { firmwareSeconds: seconds('firmware', firmware), osSeconds: seconds('os', os) };
}

/** Who else speaks DHCP here: relays and other servers. */
function compileOthers(document: NetworkDocument, at: Where): Pick<Network, 'via' | 'relays' | 'otherServers'> {
  const { path, subnet, scope, context } = at;
  const { via } = document;
  const relays = compileList([...path, 'relays'], document.relays, (item, value) =>
    context.address(item, value, subnet, scope),
  );
  const otherServers = compileList([...path, 'otherServers'], document.otherServers, (item, value) =>
    compileServer(item, value, at),
  );
  return {
    ...(via !== undefined && { via }),
    ...(relays.length > 0 && { relays }),
    ...(otherServers.length > 0 && { otherServers }),
  };
}

function compileServer(path: Path, value: string, { scope, context }: Where): Ipv4 | MacAddress | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const address = parseIpv4(text) ?? identifyingMac(text);
  return address ?? context.wrong(path, 'the IPv4 or MAC address of a DHCP server', text);
}

/** A network behind a relay leads to one that the site stands in by itself; broadcasts are heard in no other. */
function checkVia(
  { name, via, mode }: Network,
  names: readonly string[],
  networks: ReadonlyMap<string, Network>,
  { problems }: Context,
): void {
  const path = ['spec', 'networks', name];
  if (via === undefined) return;
  if (!names.includes(via)) problems.value([...path, 'via'], `there is no network "${via}"${didYouMean(via, names)}`);
  else if (via === name || networks.get(via)?.via !== undefined)
    problems.value(
      [...path, 'via'],
      `expected a network that the site stands in, and "${via}" is behind a relay itself`,
    );
  if (mode === 'auto')
    problems.value(
      [...path, 'mode'],
      'the site cannot look for other servers behind a relay: say authoritative or proxy',
    );
}

function compileExtras(
  document: NetworkDocument,
  { path, scope, context }: Where,
): Pick<Network, 'mtu' | 'domain' | 'sharedMacs'> {
  const bounds = { min: 576, max: 9216 };
  const mtu = document.mtu === undefined ? undefined : context.integer([...path, 'mtu'], document.mtu, scope, bounds);
  const domain =
    document.domain === undefined ? undefined : compileDomain([...path, 'domain'], document.domain, scope, context);
  const sharedMacs = compileList([...path, 'sharedMacs'], document.sharedMacs, (item, value) =>
    macPattern(item, value, scope, context),
  );
  return {
    ...(mtu !== undefined && { mtu }),
    ...(domain !== undefined && { domain }),
    ...(sharedMacs.length > 0 && { sharedMacs }),
  };
}

function compileSubnet(path: Path, value: string, scope: Scope, context: Context): Subnet | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const subnet = parseSubnet(text);
  if (!subnet) return context.wrong(path, 'a network such as 10.0.0.0/24, its host part zero', text);
  if (subnet.prefix > 30) {
    // EDK2 takes a mask without room for two hosts for a broken offer and never asks again.
    context.problems.value(path, `/${subnet.prefix} is too small: UEFI firmware boots in no network smaller than /30`);
    return undefined;
  }
  return subnet.prefix < 8 ? context.wrong(path, 'a network no larger than /8', text) : subnet;
}

function compilePool(path: Path, value: string, { subnet, scope, context }: Where): Ipv4Range | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const [from, to, rest] = text.split('..');
  if (!from || !to || rest !== undefined) return context.wrong(path, 'a range such as "+100..+199"', text);
  const first = context.address(path, from.trim(), subnet, {});
  const last = context.address(path, to.trim(), subnet, {});
  if (!first || !last) return undefined;
  const wrong = misplaced(first, subnet) ?? misplaced(last, subnet);
  if (wrong) context.problems.value(path, wrong);
  else if (ipv4ToNumber(first) > ipv4ToNumber(last))
    context.problems.value(path, `the pool ends before it begins: ${first}..${last}`);
  else return { first, last };
  return undefined;
}

function compileDomain(path: Path, value: string, scope: Scope, context: Context): string | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const isDomain = text.length <= 253 && /^[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i.test(text);
  return isDomain ? text : context.wrong(path, 'a domain name such as store.example.com', text);
}

function compileList<In, Out>(
  path: Path,
  values: readonly In[],
  compile: (path: Path, value: In) => Out | undefined,
): readonly Out[] {
  return values.flatMap((value, index) => compile([...path, index], value) ?? []);
}

function overlap(a: Subnet, b: Subnet): boolean {
  return isInSubnet(a.network, b) || isInSubnet(b.network, a);
}
