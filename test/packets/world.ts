import type { Digest } from '../../src/kernel/digest.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { MacAddress } from '../../src/kernel/mac.ts';
import type { Network } from '../../src/model/network.ts';
import type { Profile, Revision, Slot, SlotInterface, SlotMatch, UnknownMachines } from '../../src/model/revision.ts';
import type { LoaderTable, SiteAddress } from '../../src/model/site-ports.ts';

/** A small site for tests of DHCP: network `nodes`, 10.7.0.0/24, pool .100 to .109, the site at .1. */
export const SITE: SiteAddress = { network: 'nodes', address: ip('10.7.0.1'), httpPort: 80 };

export const NETWORK: Network = {
  name: 'nodes',
  mode: 'authoritative',
  subnet: { network: ip('10.7.0.0'), prefix: 24 },
  router: ip('10.7.0.254'),
  dns: [ip('10.7.0.253'), ip('9.9.9.9')],
  ntp: ['site'],
  domain: 'store.example',
  mtu: 1400,
  pool: { first: ip('10.7.0.100'), last: ip('10.7.0.109') },
  lease: { firmwareSeconds: 300, osSeconds: 1800 },
  options: [{ code: 121, bytes: [16, 10, 9, 10, 7, 0, 254] }],
};

const digest = '0'.repeat(64) as Digest;

const profile: Profile = {
  name: 'live',
  kind: 'live',
  digest: 'e'.repeat(64) as Digest,
  arch: 'amd64',
  kernel: { digest, name: 'vmlinuz' },
  initrds: [],
  cmdline: [],
  documents: {},
};

/** A slot of the site; `interfaces` are in network `nodes` unless they say otherwise. */
export function slot(
  name: string,
  match: readonly SlotMatch[],
  interfaces: Record<string, Partial<SlotInterface>>,
): Slot {
  const nics = Object.entries(interfaces).map(
    ([nic, part]) => [nic, { boot: false, network: 'nodes', ...part }] as const,
  );
  return { name, profile, match, interfaces: Object.fromEntries(nics) };
}

/** A revision with that network; each call another digest, as a changed template would have. */
export function revision(
  parts: { slots?: readonly Slot[]; network?: Partial<Network>; unknownMachines?: Partial<UnknownMachines> } = {},
): Revision {
  return {
    digest,
    number: 1,
    site: 'store-1',
    template: 'test',
    networks: { nodes: { ...NETWORK, ...parts.network } },
    hardware: [],
    assets: [],
    slots: Object.fromEntries((parts.slots ?? []).map((entry) => [entry.name, entry])),
    // biome-ignore lint/suspicious/noThenProperty: the template's own word; nobody awaits a revision.
    unknownMachines: { action: 'hold', holdSeconds: 300, then: 'local-disk', ignore: [], ...parts.unknownMachines },
  };
}

/** Both loaders are there, or only those named. */
export function loaders(...names: string[]): LoaderTable {
  return { find: (name) => (names.includes(name) ? { name, digest, sizeBytes: 1 } : undefined) };
}

export function ip(text: string): Ipv4 {
  return text as Ipv4;
}

export function mac(text: string): MacAddress {
  return text as MacAddress;
}
