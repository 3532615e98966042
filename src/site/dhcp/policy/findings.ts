import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { DhcpRole, Findings, KnownServer } from '../../../model/dhcp-role.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Network } from '../../../model/network.ts';

/** A server that was seen once more, or for the first time. */
export type Sight = {
  readonly address: Ipv4;
  readonly how: KnownServer['how'];
  readonly mac?: MacAddress | undefined;
  readonly maker?: string | undefined;
  readonly at: number;
};

/** What to write down, if anything, and what to tell with it. */
export type Noted = { readonly findings: Findings; readonly events: readonly NewEvent[]; readonly isNews: boolean };

export const NOTHING_FOUND: Findings = { servers: [] };
/** So many servers are remembered in a network: whoever makes up more is one attacker. */
export const MOST_SERVERS = 16;
/** `lastAt` is written so seldom. */
const WRITE_AFTER_MS = 15 * 60_000;
const FORGET_MS = 7 * 24 * 60 * 60_000;
const RANK: Readonly<Record<KnownServer['how'], number>> = { offer: 2, request: 1, 'proxy-offer': 0 };

/** Whether a server gives out addresses; one that only adds a boot is in nobody's way. */
export function leases({ how }: Pick<KnownServer, 'how'>): boolean {
  return how !== 'proxy-offer';
}

/** Whether the template says that this server belongs here. */
export function isAllowed({ address, mac }: Pick<KnownServer, 'address' | 'mac'>, { otherServers }: Network): boolean {
  return otherServers?.some((one) => one === address || one === mac) ?? false;
}

/**
 * Notes that a server was seen. It is told of once, and once more if its address comes with another MAC; not where it is
 * the one that leases beside us, and not where the template names it.
 * @param mayTell false: too much was told of late; it is told when it is seen again
 */
export function noteServer(
  before: Findings,
  sight: Sight,
  about: { readonly network: Network; readonly role: DhcpRole; readonly mayTell: boolean },
): Noted {
  const old = before.servers.find(({ address }) => address === sight.address);
  const kept = old ? before.servers.filter((one) => one !== old) : withRoom(before.servers, sight);
  if (!kept) return { findings: before, events: [], isNews: false };
  const seen = mergeSight(old, sight);
  const told = seen.told || (about.mayTell && isTellable(seen, about.network, about.role));
  const server = { ...seen, told };
  const servers = [...kept, server];
  const isNews = !old || changes(old, server) || sight.at - old.lastAt >= WRITE_AFTER_MS || sight.at < old.lastAt;
  const events = told && !seen.told ? [otherServer(server, about.network, about.role)] : [];
  return { findings: { ...before, servers }, events, isNews };
}

/** What the site becomes in a network of mode `auto`: it adds the boot where somebody leases, else it leases. */
export function concludeRole(before: Findings, network: string, somebodyLeases: boolean, at: number): Noted {
  return setRole(before, network, somebodyLeases ? 'proxy' : 'authoritative', { by: 'the site', at });
}

/** The role is known from now on, or is to be found out anew. */
export function setRole(
  { servers }: Findings,
  network: string,
  role: DhcpRole,
  { by, at }: { readonly by: string; readonly at: number },
): Noted {
  const sentence = `${WORDS[role](network)} ${by === 'the site' ? FOUND : `Said by ${by}.`}`;
  const event = { type: 'dhcp-mode', at, sentence, data: { network, role, by } } as const;
  const found = role === 'looking' ? {} : { role: { role, at, by } };
  return { findings: { servers, ...found }, events: [event], isNews: true };
}

/** Drops servers that were not seen for a week, and the role of a network that is not of mode `auto` any more; undefined: there are none. */
export function forgetOld(before: Findings, { mode }: Network, now: number): Noted | undefined {
  const servers = before.servers.filter(({ lastAt }) => Math.abs(now - lastAt) < FORGET_MS);
  const hasRole = before.role !== undefined && mode === 'auto';
  if (servers.length === before.servers.length && hasRole === (before.role !== undefined)) return undefined;
  return { findings: { servers, ...(hasRole && { role: before.role }) }, events: [], isNews: true };
}

/** Nobody answered, and no machine was seen to choose a server. */
export function nobodyLeases(network: string, at: number): NewEvent {
  const sentence = `No DHCP server leases addresses in network ${network}, and the site only adds the boot there: no machine can boot.`;
  return { type: 'nobody-leases', at, sentence, data: { network, remote: network } };
}

/** Nothing can be seen, and so nothing is served. */
export function cannotLook(network: string, because: string, at: number): NewEvent {
  const sentence = `The site cannot look for other DHCP servers in network ${network}, and serves nobody there until it can: ${because}.`;
  return { type: 'dhcp-blind', at, sentence, data: { network, remote: network, because } };
}

const FOUND = 'It stays so until slipway dhcp-mode or the template says otherwise.';
const WORDS: Readonly<Record<DhcpRole, (network: string) => string>> = {
  authoritative: (network) => `In network ${network} no other DHCP server leases: the site does.`,
  proxy: (network) => `In network ${network} another DHCP server leases: the site only adds the boot.`,
  looking: (network) => `In network ${network} the site looks anew for other DHCP servers.`,
};

/** Anybody can name servers in a REQUEST: one that answered us itself takes the place of the first of those. */
function withRoom(servers: readonly KnownServer[], { how }: Sight): readonly KnownServer[] | undefined {
  if (servers.length < MOST_SERVERS) return servers;
  const hearsay = how === 'request' ? undefined : servers.find((one) => one.how === 'request');
  return hearsay && servers.filter((one) => one !== hearsay);
}

function mergeSight(old: KnownServer | undefined, { address, how, mac, maker, at }: Sight): KnownServer {
  // Another card at the same address is another server.
  const same = old && (mac === undefined || old.mac === undefined || old.mac === mac) ? old : undefined;
  const named = mac ?? same?.mac;
  const made = maker ?? same?.maker;
  return {
    address,
    ...(named !== undefined && { mac: named }),
    ...(made !== undefined && { maker: made }),
    firstAt: same?.firstAt ?? at,
    lastAt: at,
    how: same && RANK[same.how] > RANK[how] ? same.how : how,
    told: same?.told ?? false,
  };
}

function isTellable(server: KnownServer, network: Network, role: DhcpRole): boolean {
  if (role === 'looking' || isAllowed(server, network)) return false;
  return role === 'authoritative' || !leases(server);
}

function otherServer({ address, mac, maker, how, lastAt }: KnownServer, network: Network, role: DhcpRole): NewEvent {
  const named = [address, ...(mac ? [`MAC ${mac}`] : []), ...(maker ? [`made by ${maker}`] : [])].join(', ');
  const does = leases({ how }) ? 'leases addresses' : 'tells machines what to boot';
  const so =
    role === 'authoritative' && how === 'offer'
      ? ' Until it is gone, only machines that fit a slot are served here.'
      : '';
  const sentence = `Another DHCP server ${does} in network ${network.name}: ${named}.${so}`;
  const about = mac === undefined ? address : `${address} ${mac}`;
  return {
    type: 'other-server',
    at: lastAt,
    sentence,
    data: { network: network.name, remote: about, address, mac, maker, how },
  };
}

function changes(old: KnownServer, now: KnownServer): boolean {
  return old.mac !== now.mac || old.maker !== now.maker || old.how !== now.how || old.told !== now.told;
}
