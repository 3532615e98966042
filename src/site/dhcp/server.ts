import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { UdpHandlers, UdpPort, UdpSocket } from '../../kernel/udp.ts';
import type { Surroundings } from '../../model/dhcp-role.ts';
import type { Signal, SignalSink } from '../../model/signal.ts';
import type { LoaderTable, RevisionSource, SiteAddress } from '../../model/site-ports.ts';
import { ownAddresses } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import { Counters } from './counters.ts';
import type { Door } from './desk.ts';
import { Desk } from './desk.ts';
import { Diary } from './diary.ts';
import { Intake } from './intake.ts';
import { Networks } from './networks.ts';
import { BOOT_SERVER_PORT, SERVER_PORT } from './policy/destination.ts';
import type { NetworkPlan } from './policy/network-plan.ts';
import { voidLeases } from './policy/void-leases.ts';
import type { ArpTable } from './prober.ts';
import { Prober } from './prober.ts';
import { WayBook } from './way-book.ts';

/** A socket on 0.0.0.0:67 that somebody opened for us and tied to the device of one network. It may broadcast. */
export type HandedSocket = {
  readonly network: string;
  readonly attach: (handlers: UdpHandlers) => Promise<UdpSocket>;
};

export type DhcpServerParts = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly loaders: LoaderTable;
  /** Whether the time is served at the site's address in a network. */
  readonly servesTime: (network: string) => boolean;
  readonly surroundings: Surroundings;
  readonly signals: SignalSink;
  readonly arp: ArpTable;
  /** One per network that is served; asked once, at the start. */
  readonly addresses: () => readonly SiteAddress[];
  readonly handed?: readonly HandedSocket[];
  /** Runs something when what has arrived meanwhile was read from the sockets; by default in the next turn of the loop. */
  readonly soon?: (run: () => void) => void;
};

export interface DhcpServer {
  /**
   * Opens the sockets and looks for free addresses; about 300 ms. Rejects with an AppError: `port-in-use`,
   * `permission-denied`, `address-unavailable`, `socket-failed`, or `interface-ambiguous` for several networks whose
   * broadcasts could not be told apart.
   */
  start(): Promise<void>;
  /** Resolves when what was promised is on disk and said, and the sockets are closed. */
  stop(): Promise<void>;
  /** What another room saw of a machine: how far it came with our answer. */
  hear(signal: Signal): void;
  /** Counts since the start, by name: `received`, `reply.ack`, `ignored.no-loader`, `malformed.too-short` … */
  counters(): Readonly<Record<string, number>>;
}

/** The DHCP server of a site, on ports 67 and 4011: it leases, or adds the boot to what another server leases. */
export function createDhcpServer(parts: DhcpServerParts): DhcpServer {
  const counters = new Counters();
  const diary = new Diary(parts.log, parts.clock, counters);
  const networks = new Networks(
    parts.revisions,
    parts.surroundings,
    () => parts.clock.monotonic(),
    (plan) => endLeases(parts, diary, plan),
  );
  const ways = new WayBook(() => parts.clock.monotonic());
  const senders = { dhcp: new Map<string, UdpSocket>(), 'boot-server': new Map<string, UdpSocket>() };
  const open: UdpSocket[] = [];
  /** Networks behind a relay, and the ones that the site stands in. */
  const via = new Map<string, string>();
  const desk = new Desk({
    ...{ ...parts, networks, ways, counters, diary },
    senderFor: ({ network, kind }) => senders[kind].get(via.get(network) ?? network),
  });
  const intake = new Intake({
    monotonic: () => parts.clock.monotonic(),
    soon: parts.soon ?? setImmediate,
    serve: (bytes, from, door) => desk.receive(bytes, from, door),
    counters,
  });
  const prober = new Prober({
    ...parts,
    state: parts.store.state,
    // Nobody behind a relay answers ARP here; and where another server leases, who answers in the pool is no stranger.
    networks: () => networks.all().filter(({ plan }) => plan.site.via === undefined && plan.role === 'authoritative'),
    onConflict: (network, address, mac) => recordConflict(parts, diary, network, address, mac),
  });

  const handlersFor = (network: string, kind: Door['kind'], isUnicast?: boolean): UdpHandlers => {
    const door = { network, kind, ...(isUnicast !== undefined && { isUnicast }) };
    return {
      onDatagram: (bytes, from) => intake.receive(bytes, from, door),
      onSendError: (thrown, to) =>
        diary.failed(
          'send-failed',
          new AppError('socket-failed', thrown.message, { cause: thrown }),
          { network },
          `an answer to ${to.address} was not sent`,
        ),
    };
  };

  const listen = async (site: SiteAddress): Promise<void> => {
    // Nobody broadcasts to a boot server: who comes here was told the address.
    const direct = { address: site.address, port: BOOT_SERVER_PORT };
    const bootServer = await parts.udp.open(direct, handlersFor(site.network, 'boot-server'));
    open.push(bootServer);
    senders['boot-server'].set(site.network, bootServer);
    const handed = parts.handed?.find((socket) => socket.network === site.network);
    if (handed) {
      const socket = await handed.attach(handlersFor(site.network, 'dhcp'));
      open.push(socket);
      senders.dhcp.set(site.network, socket);
      return;
    }
    // What this one sends to 255.255.255.255 leaves by the device that owns its address, without any route.
    const direct67 = handlersFor(site.network, 'dhcp', true);
    const own = await parts.udp.open({ address: site.address, port: SERVER_PORT }, direct67, { broadcast: true });
    open.push(own);
    senders.dhcp.set(site.network, own);
    // A socket bound to an address hears no broadcasts; this one does.
    const any = handlersFor(site.network, 'dhcp', false);
    open.push(await parts.udp.open({ address: UNSPECIFIED, port: SERVER_PORT }, any, { broadcast: true }));
  };

  const close = async () => {
    await Promise.all(open.splice(0).map((socket) => socket.close()));
  };

  return {
    start: async () => {
      const all = parts.addresses();
      for (const site of all) if (site.via !== undefined) via.set(site.network, site.via);
      const sites = ownAddresses(all);
      checkTellable(sites, parts.handed ?? []);
      networks.serve(all);
      try {
        for (const site of sites) await listen(site);
        await prober.start(sites.map((site) => site.address));
      } catch (error) {
        await prober.stop();
        await close();
        throw error;
      }
    },
    stop: async () => {
      await Promise.all([desk.close(), prober.stop()]);
      await close();
    },
    hear: (signal) => {
      if (signal.kind === 'loader' && signal.done) ways.hear(signal.mac, 'fetched');
      if (signal.kind === 'script') ways.hear(signal.claim.mac, 'asked');
    },
    counters: () => counters.snapshot(),
  };
}

/** Where a broadcast came in shows only on a socket that is tied to a device. */
function checkTellable(sites: readonly SiteAddress[], handed: readonly HandedSocket[]): void {
  if (sites.length < 2) return;
  const untied = sites.filter((site) => !handed.some((socket) => socket.network === site.network));
  if (untied.length === 0) return;
  const names = untied.map((site) => site.network).join(', ');
  throw new AppError('interface-ambiguous', `nothing tells the broadcasts of these networks apart: ${names}`);
}

/** Where another server has come to lease, what was leased here counts no more. */
function endLeases({ store, clock }: DhcpServerParts, diary: Diary, plan: NetworkPlan): void {
  const voided = voidLeases(store.state, plan, clock.now());
  if (!voided) return;
  const { name } = plan.network;
  store.commit(voided.changes, voided.events).catch((thrown: unknown) => {
    diary.failed('commit-failed', thrown, { network: name }, `the leases of network ${name} could not be ended`);
  });
}

function recordConflict(
  { store, clock }: DhcpServerParts,
  diary: Diary,
  network: string,
  address: Ipv4,
  mac: MacAddress,
): void {
  const sentence = `${mac} uses ${address} of the pool of network ${network} without a lease.`;
  const event = { type: 'address-conflict', at: clock.now(), sentence, data: { network, address, mac } } as const;
  store
    .commit([], [event])
    .catch((thrown: unknown) => diary.failed('commit-failed', thrown, { network, address }, sentence));
}
