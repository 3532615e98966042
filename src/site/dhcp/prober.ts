import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { isInSubnet } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Cancel, Clock, Log } from '../../kernel/ports.ts';
import type { UdpPort, UdpSocket } from '../../kernel/udp.ts';
import type { SiteState } from '../../model/store.ts';
import type { AddressPool } from './address-pool.ts';
import { isLive } from './policy/lease-time.ts';
import type { NetworkPlan } from './policy/network-plan.ts';

/** The kernel's neighbour table. */
export interface ArpTable {
  /** `complete: false`: the kernel asked and got no answer. */
  entries(): Promise<ReadonlyMap<Ipv4, { readonly mac: MacAddress; readonly complete: boolean }>>;
}

/** A network whose free addresses are kept known. */
export type ProbedNetwork = { readonly plan: NetworkPlan; readonly pool: AddressPool };

export type ProberParts = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly arp: ArpTable;
  readonly state: SiteState;
  readonly networks: () => readonly ProbedNetwork[];
  /** Called once for each time that a stranger is found at an address of a pool. */
  readonly onConflict: (network: string, address: Ipv4, mac: MacAddress) => void;
};

/** How many free addresses of each network are kept at hand; the kernel's table gets crowded beyond a few hundred. */
const WANTED = 64;
/** RFC 863, discard: whoever is there ignores it, or says that the port is closed. */
const DISCARD_PORT = 9;
/** An answer to ARP takes some 30 ms on a busy wire. */
const ANSWER_MS = 250;
const STALE_MS = 60_000;
const REST_MS = 1_000;
const SET_ASIDE_MS = 10 * 60_000;
/**
 * A neighbour that the kernel remembers need not be there any more: only after this long without an answer
 * (delay_first_probe_time, then three probes) does its entry fall. Firmware that has just left is such a neighbour.
 */
const SECOND_LOOK_MS = 10_000;

/** Keeps a list of addresses at which nobody answers, so that an offer never waits. */
export class Prober {
  readonly #parts: ProberParts;
  readonly #sockets = new Map<Ipv4, UdpSocket>();
  /** Answered once; when to look again. */
  readonly #suspects = new Map<Ipv4, number>();
  readonly #known = new Set<Ipv4>();
  #cancel: Cancel | undefined;
  #stopped = false;
  #isBlind = false;

  constructor(parts: ProberParts) {
    this.#parts = parts;
  }

  /** Resolves after the first round, in about 250 ms: from then on there are addresses at hand. */
  async start(sources: readonly Ipv4[]): Promise<void> {
    for (const address of sources) this.#sockets.set(address, await this.#open(address));
    await this.#round();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
  }

  #open(address: Ipv4): Promise<UdpSocket> {
    const { log } = this.#parts;
    return this.#parts.udp.open(
      { address, port: 0 },
      {
        onDatagram: () => {},
        onSendError: (error, to) => log.debug({ error: error.message, address: to.address }, 'a probe was not sent'),
      },
    );
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.clock.after(REST_MS, () => {
      this.#round()
        .catch((thrown: unknown) => {
          const error = AppError.from(thrown);
          this.#parts.log.error({ error, code: error.code }, 'a round of probes failed');
        })
        .finally(() => this.#schedule());
    });
  }

  async #round(): Promise<void> {
    const asked = this.#parts.networks().flatMap((network) => {
      const addresses = this.#targets(network);
      this.#ask(network, addresses);
      return addresses.map((address) => ({ network, address }));
    });
    if (asked.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#cancel = this.#parts.clock.after(ANSWER_MS, resolve);
    });
    const table = await this.#table();
    for (const { network, address } of asked) {
      const entry = table.get(address);
      if (entry?.complete && !this.#isLeased(network, address)) this.#answered(network, address, entry.mac);
      else this.#silent(network, address);
    }
  }

  #targets({ plan, pool }: ProbedNetwork): readonly Ipv4[] {
    const { state, clock } = this.#parts;
    const here = [...this.#suspects].filter(([address]) => isInSubnet(address, plan.network.subnet));
    const due = here.filter(([, at]) => at <= clock.monotonic()).map(([address]) => address);
    const missing = WANTED - pool.probedCount;
    const fresh = pool.takeForProbing(Math.max(0, missing), plan, state, clock.now());
    return [...due, ...pool.stale(STALE_MS), ...fresh];
  }

  #ask({ plan }: ProbedNetwork, addresses: readonly Ipv4[]): void {
    const socket = this.#sockets.get(plan.site.address);
    for (const address of addresses) socket?.send(new Uint8Array(1), { address, port: DISCARD_PORT });
  }

  /** Given to somebody while we asked: who answers there is no stranger. */
  #isLeased({ plan }: ProbedNetwork, address: Ipv4): boolean {
    const lease = this.#parts.state.leaseOfAddress(plan.network.name, address);
    return lease?.state === 'bound' && isLive(lease, this.#parts.clock.now());
  }

  #answered({ plan, pool }: ProbedNetwork, address: Ipv4, mac: MacAddress): void {
    pool.setAside(address, SET_ASIDE_MS);
    if (!this.#suspects.delete(address)) {
      this.#suspects.set(address, this.#parts.clock.monotonic() + SECOND_LOOK_MS);
      return;
    }
    if (this.#known.has(address)) return;
    this.#known.add(address);
    this.#parts.onConflict(plan.network.name, address, mac);
  }

  #silent({ plan, pool }: ProbedNetwork, address: Ipv4): void {
    this.#suspects.delete(address);
    this.#known.delete(address);
    pool.markFree(address, plan, this.#parts.state, this.#parts.clock.now());
  }

  /** Without a table to read, addresses are given out unprobed, as a server without this step would. */
  async #table(): ReturnType<ArpTable['entries']> {
    try {
      return await this.#parts.arp.entries();
    } catch (thrown) {
      if (!this.#isBlind)
        this.#parts.log.warn(
          { error: AppError.from(thrown).message },
          'the neighbour table cannot be read; addresses are offered without a look whether somebody uses them',
        );
      this.#isBlind = true;
      return new Map();
    }
  }
}
