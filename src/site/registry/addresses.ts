import { lookup as lookUp } from 'node:dns/promises';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import type { Clock } from '../../kernel/ports.ts';
import { wrong } from './failures.ts';

export type Address = { readonly address: string; readonly family: number };

/** The addresses of a host name. Rejects with the error of the resolver. */
export type ResolveHost = (host: string) => Promise<readonly Address[]>;

/** Addresses that mean something else to everybody: this machine, this cable, and what clouds put at 169.254.169.254. */
const own = listOf([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '::/128',
  '::1/128',
  'fe80::/10',
  'fd00:ec2::254/128',
]);
/** Networks of somebody's own. */
const inside = listOf(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** Whether nobody but this machine and its neighbours are there. */
function isOwnAddress(address: string): boolean {
  return own.check(address, familyOf(address));
}

/** Whether an upstream at this address is inside of somebody's network, and not on the internet. */
function isPrivateAddress(address: string): boolean {
  return isOwnAddress(address) || inside.check(address, familyOf(address));
}

/** What an upstream may lead us to. */
export interface Reach {
  /** Where the upstream itself was found. */
  found(address: string): void;
  /** Only a registry inside of somebody's network may name this machine and its neighbours: the internet has no business there. */
  mayLeadTo(address: string): boolean;
}

export function createReach(): Reach {
  let isInside = false;
  return {
    found: (address) => {
      isInside = isPrivateAddress(address);
    },
    mayLeadTo: (address) => isInside || !isOwnAddress(address),
  };
}

/** The host of an address of the web as the network has it: without the brackets of IPv6. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * The lookup of a connection that may not lead to this site's own addresses: the check is on the addresses that are
 * connected to, so that no name can say one thing to the check and another to the connection.
 */
export function guardedLookup(resolve: ResolveHost, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const allowed = found.filter(({ address }) => isAllowed(address));
        const [first] = allowed;
        if (!first) return callback(wrong('leads to an address that is not to be asked'), '', 0);
        return options.all ? callback(null, [...allowed]) : callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

const FRESH_MS = 60_000;
const KNOWN_AFTER_MS = 500;

/**
 * The resolver of this machine, asked once at a time for each name. A lookup takes one of the few threads that also read
 * the disk, and without a WAN holds it for seconds: so what is known is used again, after half a second of silence also
 * if it is old.
 */
export function createResolver(clock: Clock, ask: ResolveHost = (host) => lookUp(host, { all: true })): ResolveHost {
  const known = new Map<string, { readonly found: readonly Address[]; readonly at: number }>();
  const asking = new Map<string, Promise<readonly Address[]>>();

  function askOnce(host: string): Promise<readonly Address[]> {
    const running = asking.get(host);
    if (running) return running;
    const started = ask(host)
      .then((found) => {
        known.set(host, { found, at: clock.monotonic() });
        return found;
      })
      .finally(() => asking.delete(host));
    asking.set(host, started);
    return started;
  }

  return async (host) => {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    const before = known.get(host);
    if (!before) return await askOnce(host);
    if (clock.monotonic() - before.at < FRESH_MS) return before.found;
    return await firstOf(askOnce(host), before.found, clock);
  };
}

/** What is asked for, or what is known if that fails or takes too long. */
function firstOf<T>(asked: Promise<T>, known: T, clock: Clock): Promise<T> {
  return new Promise((resolve) => {
    const cancel = clock.after(KNOWN_AFTER_MS, () => resolve(known));
    const end = (value: T) => {
      cancel();
      resolve(value);
    };
    asked.then(end, () => end(known));
  });
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
