import { type Ipv4, parseIpv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock } from '../../kernel/ports.ts';
import { leasedByAnother, type Surroundings } from '../../model/dhcp-role.ts';
import { identify } from '../../model/requester.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { Neighbours, NeighbourTable, RevisionSource, SiteAddress } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import { Allowance, FewOfEach } from './policy/bounds.ts';
import { type Source, sourceOf } from './policy/source.ts';
import type { Telling } from './policy/tell-line.ts';

export type TellerDeps = {
  readonly store: Pick<Store, 'state'>;
  readonly revisions: RevisionSource;
  readonly arp: NeighbourTable;
  readonly neighbours: Pick<Neighbours, 'lastKnown'>;
  readonly surroundings: Pick<Surroundings, 'roleOf'>;
  readonly signals: SignalSink;
  readonly addresses: () => readonly SiteAddress[];
  readonly clock: Clock;
};

export type SignalCounters = {
  readonly received: number;
  readonly told: number;
  /** From an address without a lease of ours, or from another machine than the one that has it. */
  readonly unknown: number;
  /** No JSON line, no event that can be read. */
  readonly malformed: number;
  /** More than a machine may send. */
  readonly dropped: number;
  /** Connections that were one too many. */
  readonly refused: number;
};

/** The ring buffer of a kernel comes at once when the network is up; after that a healthy machine says a line a minute. */
const RATE = { perSecond: 100, burst: 4_000 };
/** A person reads twenty lines, not two hundred. */
const LINES_PER_BOOT = 20;
const PHASES_PER_BOOT = 60;

/** What both receivers share: whose word it is, how much of it is heard, and where it goes. */
export class Teller {
  readonly #deps: TellerDeps;
  readonly #allowance = new Allowance(RATE);
  readonly #lines = new FewOfEach(LINES_PER_BOOT);
  readonly #phases = new FewOfEach(PHASES_PER_BOOT);
  readonly #counts = { received: 0, told: 0, unknown: 0, malformed: 0, dropped: 0, refused: 0 };

  constructor(deps: TellerDeps) {
    this.#deps = deps;
  }

  /** Who has this address, as sockets write it; undefined is counted. */
  sourceAt(remote: string | undefined): Source | undefined {
    const address = plainIpv4(remote);
    const { addresses, store, clock } = this.#deps;
    const source = address && sourceOf(address, addresses(), store.state, clock.now(), this.#neighbourAt(address));
    if (!source) this.count('unknown');
    return source;
  }

  /** Whether a machine may be heard once more. */
  mayHear({ mac }: Source): boolean {
    this.count('received');
    const may = this.#allowance.take(mac, this.#deps.clock.monotonic());
    if (!may) this.count('dropped');
    return may;
  }

  /**
   * Hands on what is news. That a machine is `running` always is, if the wire shows that it says so itself; it is on disk when this resolves, for it may complete
   * an install; rejects as `SignalSink.record` does.
   */
  async tell(source: Source, telling: Telling): Promise<void> {
    const { mac, boot } = source;
    const signal = { at: this.#deps.clock.now(), mac, ...telling };
    if (telling.kind === 'talos-event' && telling.what === 'running') {
      if (!(await this.#isHeardFrom(source))) return this.count('unknown');
      await this.#deps.signals.record(signal);
      this.count('told');
    } else if (this.#isNews(boot, telling)) {
      this.#deps.signals.observe(signal);
      this.count('told');
    }
  }

  count(what: keyof SignalCounters): void {
    this.#counts[what] += 1;
  }

  counters(): SignalCounters {
    return { ...this.#counts };
  }

  /** A lease tells whose an address is; only the wire tells who uses it. What ends the reading of secrets needs both. */
  async #isHeardFrom({ address, mac }: Source): Promise<boolean> {
    const { arp, addresses, store, revisions, clock } = this.#deps;
    const neighbour = (await arp.entries()).get(address);
    const leases = addresses().map(({ network }) => store.state.leaseOfAddress(network, address));
    const lease = leases.find((found) => found?.state === 'bound');
    const networks = Object.values(revisions.current()?.networks ?? {});
    return identify({ address, neighbour, lease, networks, now: clock.now() }).mac === mac;
  }

  #neighbourAt(address: Ipv4): MacAddress | undefined {
    const { neighbours, revisions, surroundings } = this.#deps;
    const other = leasedByAnother(address, revisions.current()?.networks ?? {}, surroundings);
    return other && neighbours.lastKnown(address);
  }

  #isNews(boot: string, telling: Telling): boolean {
    if (telling.kind === 'system-log') return this.#lines.isNews(boot, telling.line);
    // The event sink and the kernel log both tell of each phase; once is enough.
    return this.#phases.isNews(boot, `${telling.what} ${telling.stage}`);
  }
}

function plainIpv4(text: string | undefined): Ipv4 | undefined {
  return parseIpv4(text?.replace(/^::ffff:/i, '') ?? '');
}
