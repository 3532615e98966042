import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Surroundings } from '../../model/dhcp-role.ts';
import type { Revision } from '../../model/revision.ts';
import type { RevisionSource, SiteAddress } from '../../model/site-ports.ts';
import { AddressPool } from './address-pool.ts';
import type { DhcpMessage } from './codec/message.ts';
import type { NetworkPlan } from './policy/network-plan.ts';
import { planNetwork } from './policy/network-plan.ts';
import { type Arrival, ofAddress, type Route, routeOf } from './policy/relay.ts';
import type { ProbedNetwork } from './prober.ts';

/** The networks that are served: their plans follow the revision, their pools stay. */
export class Networks {
  readonly #revisions: RevisionSource;
  readonly #monotonic: () => number;
  readonly #surroundings: Surroundings;
  readonly #onPlan: (plan: NetworkPlan) => void;
  readonly #pools = new Map<string, AddressPool>();
  #sites: readonly SiteAddress[] = [];
  #revision: Revision | undefined;
  #served: readonly ProbedNetwork[] = [];
  #sharedMacs: readonly string[] = [];

  /** `onPlan` hears of each plan as it comes into force. */
  constructor(
    revisions: RevisionSource,
    surroundings: Surroundings,
    monotonic: () => number,
    onPlan: (plan: NetworkPlan) => void = () => {},
  ) {
    this.#onPlan = onPlan;
    this.#surroundings = surroundings;
    this.#revisions = revisions;
    this.#monotonic = monotonic;
  }

  /** Sets where the site can be reached; done once, before the first packet. */
  serve(sites: readonly SiteAddress[]): void {
    this.#sites = sites;
    this.#revision = undefined;
  }

  /** Plans and pools under the revision in force; none before there is a revision. */
  all(): readonly ProbedNetwork[] {
    const before = this.#served;
    const revision = this.#revisions.current();
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#served = revision ? this.#sites.flatMap((site) => this.#join(planNetwork(revision, site))) : [];
    }
    // Plans are compared by identity elsewhere: a new one only for what is new.
    if (this.#served.some((one) => this.#asItIs(one) !== one))
      this.#served = this.#served.map((one) => this.#asItIs(one));
    if (this.#served !== before) {
      this.#sharedMacs = this.#served.flatMap(({ plan }) => plan.network.sharedMacs ?? []);
      for (const { plan } of this.#served) this.#onPlan(plan);
    }
    return this.#served;
  }

  /** Of all networks: from which one a message comes may show only later. */
  sharedMacs(): readonly string[] {
    this.all();
    return this.#sharedMacs;
  }

  /** The network of a message, by how it came. */
  route(message: DhcpMessage, arrival: Arrival): Route<ProbedNetwork> {
    return routeOf(message, arrival, this.all());
  }

  /** The network of a client that has an address already; `heardIn` is that of the socket. */
  find(address: Ipv4, heardIn: string): ProbedNetwork | undefined {
    return ofAddress(address, heardIn, this.all()) ?? this.all().find(({ plan }) => plan.network.name === heardIn);
  }

  /** The same where nothing changed around us. */
  #asItIs(served: ProbedNetwork): ProbedNetwork {
    const { plan } = served;
    const role = this.#surroundings.roleOf(plan.network);
    const keepsToKnown = this.#surroundings.keepsToKnown(plan.network.name);
    if (role === plan.role && keepsToKnown === plan.keepsToKnown) return served;
    return { ...served, plan: { ...plan, role, keepsToKnown } };
  }

  #join(plan: NetworkPlan | undefined): readonly ProbedNetwork[] {
    if (!plan) return [];
    const pool = this.#pools.get(plan.network.name) ?? new AddressPool(this.#monotonic);
    this.#pools.set(plan.network.name, pool);
    return [{ plan, pool }];
  }
}
