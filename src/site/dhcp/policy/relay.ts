import type { Ipv4, Subnet } from '../../../kernel/ipv4.ts';
import { broadcastOf, ipv4FromBytes, isInSubnet, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { rawOption } from '../codec/message.ts';
import { OPTIONS } from '../codec/options.ts';
import type { IgnoreReason } from './decision.ts';
import type { NetworkPlan } from './network-plan.ts';

/** How a message came: the network of the socket, and whether it was sent to the site alone, as far as the socket tells. */
export type Arrival = { readonly heardIn: string; readonly isUnicast?: boolean | undefined };

/** The plan by which a message is answered, or why it is not. */
export type Route<Served> =
  | { readonly kind: 'served'; readonly served: Served }
  | { readonly kind: 'none'; readonly reason: IgnoreReason; readonly because: string };

/** RFC 1542 section 4.1.1: a message that took more hops goes in a circle. */
const MAX_HOPS = 16;
/** Sub-options of option 82: link selection (RFC 3527), server identifier override (RFC 5107). */
const LINK_SELECTION = 5;
const SERVER_ID_OVERRIDE = 11;

/**
 * The network of the sender of a message. Through a relay it is the one that the relay names, by link selection or by
 * its own address; else the one in which it was heard, or, of a system that renews, the one of its address.
 */
export function routeOf<Served extends { readonly plan: NetworkPlan }>(
  message: DhcpMessage,
  { heardIn, isUnicast }: Arrival,
  all: readonly Served[],
): Route<Served> {
  const { giaddr, ciaddr } = message;
  if (giaddr !== UNSPECIFIED) return routeOfRelay(message, all);
  // What is renewed comes by itself, and not through the relay (RFC 2131 section 4.4.5). A broadcast is of this wire.
  const behind = isUnicast === false ? undefined : ofAddress(ciaddr, heardIn, all);
  const served = behind ?? all.find(({ plan }) => plan.network.name === heardIn);
  if (served) return { kind: 'served', served };
  return none('no-network', `no template in force describes network ${heardIn}`);
}

/** The network behind a relay that an address belongs to, of those that are reached through this one. */
export function ofAddress<Served extends { readonly plan: NetworkPlan }>(
  address: Ipv4,
  heardIn: string,
  all: readonly Served[],
): Served | undefined {
  return all.find(({ plan: { network } }) => network.via === heardIn && isInSubnet(address, network.subnet));
}

/** Who says that it is a relay is believed only where the template has one: it may be anybody. */
function routeOfRelay<Served extends { readonly plan: NetworkPlan }>(
  message: DhcpMessage,
  all: readonly Served[],
): Route<Served> {
  const { giaddr, hops } = message;
  if (hops > MAX_HOPS) return none('relay-refused', `it came through ${hops} relays, more than ${MAX_HOPS}`);
  if (all.some(({ plan }) => plan.site.address === giaddr))
    return none('relay-refused', `it names this site (${giaddr}) as its relay`);
  // An answer to it would go to all that stand there.
  if (all.some(({ plan: { network } }) => isForAll(giaddr, network.subnet)))
    return none('relay-refused', `it names ${giaddr} as its relay, which is no address of one host`);
  const link = subOption(message, LINK_SELECTION) ?? giaddr;
  const served = all.find(({ plan }) => isInSubnet(link, plan.network.subnet));
  if (!served)
    return none(
      'relay-unknown',
      `it comes through the relay ${giaddr}, ${whereNot(link, giaddr)} in none of our networks`,
    );
  const { network } = served.plan;
  if (network.relays) {
    if (network.relays.includes(giaddr)) return { kind: 'served', served };
    return none('relay-refused', `${giaddr} is not among the relays of network ${network.name}`);
  }
  if (network.via === undefined)
    return none(
      'relay-refused',
      `it comes through the relay ${giaddr}, and network ${network.name} is on the site's own wire`,
    );
  const between = all.find(({ plan }) => plan.network.name === network.via)?.plan.network.subnet;
  if (isInSubnet(giaddr, network.subnet) || (between && isInSubnet(giaddr, between))) return { kind: 'served', served };
  return none('relay-refused', `the relay ${giaddr} is neither in network ${network.name} nor in ${network.via}`);
}

function isForAll(address: Ipv4, subnet: Subnet): boolean {
  return subnet.prefix < 31 && (address === subnet.network || address === broadcastOf(subnet));
}

function whereNot(link: Ipv4, giaddr: Ipv4): string {
  return link === giaddr ? 'which is' : `and its link ${link} is`;
}

/**
 * The address by which clients know their server: that of the site, or of the relay, if that wants all they send to come
 * its way (RFC 5107).
 */
export function serverIdFor(message: DhcpMessage, { site }: NetworkPlan): Ipv4 {
  return (message.giaddr === UNSPECIFIED ? undefined : subOption(message, SERVER_ID_OVERRIDE)) ?? site.address;
}

/** Whether a client that names its server means this site. */
export function meansUs(server: Ipv4, message: DhcpMessage, plan: NetworkPlan): boolean {
  return server === plan.site.address || server === serverIdFor(message, plan);
}

/** An address in option 82; undefined if it is not there or is none. */
function subOption(message: DhcpMessage, wanted: number): Ipv4 | undefined {
  const bytes = rawOption(message, OPTIONS.relayAgent.code);
  if (!bytes) return undefined;
  for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] === wanted && length === 4 && at + 6 <= bytes.length)
      return ipv4FromBytes(bytes.subarray(at + 2, at + 6));
  }
  return undefined;
}

function none(reason: IgnoreReason, because: string): Extract<Route<never>, { kind: 'none' }> {
  return { kind: 'none', reason, because };
}
