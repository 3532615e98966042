import type { Ipv4 } from '../../kernel/ipv4.ts';
import { ipv4FromNumber, ipv4ToNumber } from '../../kernel/ipv4.ts';
import type { SiteState } from '../../model/store.ts';
import type { PoolEffect, PoolView } from './policy/decision.ts';
import { isKept, isLive } from './policy/lease-time.ts';
import type { NetworkPlan } from './policy/network-plan.ts';
import { isPoolAddress } from './policy/network-plan.ts';

/** How long an offer stands; firmware asks again after 4, 8, 16 and 32 seconds. */
const OFFER_MS = 60_000;
/** How many addresses one look at the pool collects. */
const SCAN_FINDS = 1024;
/** How many addresses one look at the pool passes at most: a /8 must not hold up a packet. */
const SCAN_STEPS = 65_536;
/** After a look that found nothing, how long until the next: a flood must not look all the time. */
const SCAN_PAUSE_MS = 1_000;

type Offer = { readonly client: string; readonly untilMs: number };
/** What the pool is looked at with: plan and leases as of now. */
type World = { readonly plan: NetworkPlan; readonly state: SiteState; readonly now: number };

/**
 * What one network's addresses are up to beyond the leases: offers, requests on their way to disk, addresses known to
 * be free or in use. All of it may be lost, and none of it grows beyond the size of the pool. Times are monotonic.
 */
export class AddressPool {
  readonly #monotonic: () => number;
  /** Oldest first. */
  readonly #offers = new Map<Ipv4, Offer>();
  readonly #offerOfClient = new Map<string, Ipv4>();
  readonly #granting = new Map<Ipv4, { readonly client: string; count: number }>();
  readonly #inUseUntil = new Map<Ipv4, number>();
  /** Found free, and when. */
  readonly #probed = new Map<Ipv4, number>();
  readonly #probing = new Set<Ipv4>();
  /** The next one is the last. */
  #unprobed: Ipv4[] = [];
  /** Whether `#unprobed` holds addresses whose leases are over, for want of unused ones. */
  #listsExpired = false;
  #plan: NetworkPlan | undefined;
  #cursor = 0;
  #emptyScanAt: number | undefined;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** How many addresses are known to be free. */
  get probedCount(): number {
    return this.#probed.size;
  }

  /** The pool as a decision sees it; good for that decision only. */
  view(plan: NetworkPlan, state: SiteState, now: number): PoolView {
    this.#follow(plan);
    this.#dropOldOffers();
    return {
      offeredTo: (address) => this.#offers.get(address)?.client,
      beingGrantedTo: (address) => this.#granting.get(address)?.client,
      offerOf: (client) => this.#offerOfClient.get(client),
      isInUse: (address) => this.#isInUse(address),
      next: () => this.#next({ plan, state, now }),
    };
  }

  /** Remembers what a decision promised. A `grant` holds until `settle`. */
  apply(effect: PoolEffect): void {
    const before = this.#offerOfClient.get(effect.client);
    if (before !== undefined) this.#dropOffer(before);
    if (effect.kind === 'offer') this.#remember(effect.address, effect.client);
    if (effect.kind === 'grant') this.#beginGrant(effect.address, effect.client);
  }

  /** The commit of a grant has ended, well or not: from here on the leases say whose the address is. */
  settle(address: Ipv4): void {
    const grant = this.#granting.get(address);
    if (!grant) return;
    grant.count -= 1;
    if (grant.count <= 0) this.#granting.delete(address);
  }

  /** A stranger answers there: nobody gets it for `forMs`. */
  setAside(address: Ipv4, forMs: number): void {
    this.#probing.delete(address);
    this.#probed.delete(address);
    this.#inUseUntil.set(address, this.#monotonic() + forMs);
  }

  /** Nobody answers there: it is at the newcomers' disposal, unless somebody got it meanwhile. */
  markFree(address: Ipv4, plan: NetworkPlan, state: SiteState, now: number): void {
    this.#probing.delete(address);
    this.#probed.delete(address);
    this.#inUseUntil.delete(address);
    if (this.#isUsable(address, { plan, state, now })) this.#probed.set(address, this.#monotonic());
  }

  /** Takes up to `count` addresses whose state is not known, for somebody to look at. */
  takeForProbing(count: number, plan: NetworkPlan, state: SiteState, now: number): readonly Ipv4[] {
    this.#follow(plan);
    this.#dropOldOffers();
    const world = { plan, state, now };
    const taken: Ipv4[] = [];
    while (taken.length < count) {
      const address = this.#firstUnprobed(world);
      if (address === undefined) break;
      this.#unprobed.pop();
      this.#probing.add(address);
      taken.push(address);
    }
    return taken;
  }

  /** The addresses found free longer ago than `olderThanMs`. They stay on offer meanwhile. */
  stale(olderThanMs: number): readonly Ipv4[] {
    const limit = this.#monotonic() - olderThanMs;
    return [...this.#probed].filter(([, at]) => at < limit).map(([address]) => address);
  }

  #next(world: World): Ipv4 | undefined {
    for (const address of this.#probed.keys()) {
      if (this.#isUsable(address, world)) return address;
      this.#probed.delete(address);
    }
    return this.#firstUnprobed(world) ?? this.#firstOf(this.#probing, world) ?? this.#oldestOffer(world);
  }

  #firstOf(addresses: Iterable<Ipv4>, world: World): Ipv4 | undefined {
    for (const address of addresses) if (this.#isUsable(address, world)) return address;
    return undefined;
  }

  /** The last of the list, which is looked at but left there; refills the list as long as that brings something. */
  #firstUnprobed(world: World): Ipv4 | undefined {
    for (;;) {
      const address = this.#unprobed.at(-1);
      if (address === undefined) {
        if (!this.#refill(world)) return undefined;
      } else if (this.#isStillListed(address, world)) {
        return address;
      } else {
        this.#unprobed.pop();
      }
    }
  }

  /** Nothing else is left: under a flood the newest gets what was offered to the oldest, who did not take it up. */
  #oldestOffer(world: World): Ipv4 | undefined {
    for (const address of this.#offers.keys()) {
      if (this.#isUnheld(address, world) && !this.#isInUse(address)) return address;
    }
    return undefined;
  }

  /** Collects addresses that were never given to anybody; if there are none, those whose lease ended longest ago. */
  #refill(world: World): boolean {
    const nowMs = this.#monotonic();
    if (this.#emptyScanAt !== undefined && nowMs - this.#emptyScanAt < SCAN_PAUSE_MS) return false;
    const found = this.#scanUnused(world);
    this.#listsExpired = found.length === 0;
    this.#unprobed = (this.#listsExpired ? this.#scanExpired(world) : found).reverse();
    this.#emptyScanAt = this.#unprobed.length === 0 ? nowMs : undefined;
    return this.#unprobed.length > 0;
  }

  #scanUnused(world: World): Ipv4[] {
    const { network } = world.plan;
    if (!network.pool) return [];
    const first = ipv4ToNumber(network.pool.first);
    const size = ipv4ToNumber(network.pool.last) - first + 1;
    const found: Ipv4[] = [];
    const steps = Math.min(size, SCAN_STEPS);
    for (let step = 0; step < steps && found.length < SCAN_FINDS; step++) {
      const address = ipv4FromNumber(first + this.#cursor);
      this.#cursor = (this.#cursor + 1) % size;
      if (world.state.leaseOfAddress(network.name, address)) continue;
      if (this.#isUnlisted(address) && this.#isUsable(address, world)) found.push(address);
    }
    return found;
  }

  #scanExpired(world: World): Ipv4[] {
    const { network } = world.plan;
    return [...world.state.leases.values()]
      .filter((lease) => lease.network === network.name && this.#isUnlisted(lease.address))
      .filter((lease) => this.#isUsable(lease.address, world))
      .sort((a, b) => a.expiresAt - b.expiresAt)
      .slice(0, SCAN_FINDS)
      .map((lease) => lease.address);
  }

  /** What was unused when the list was made may have been leased since then, and be over again: then it has lost its place. */
  #isStillListed(address: Ipv4, world: World): boolean {
    const { network } = world.plan;
    if (!this.#listsExpired && world.state.leaseOfAddress(network.name, address)) return false;
    return this.#isUnlisted(address) && this.#isUsable(address, world);
  }

  #isUnlisted(address: Ipv4): boolean {
    return !this.#probed.has(address) && !this.#probing.has(address);
  }

  #isUsable(address: Ipv4, world: World): boolean {
    return !this.#offers.has(address) && !this.#isInUse(address) && this.#isUnheld(address, world);
  }

  #isUnheld(address: Ipv4, { plan, state, now }: World): boolean {
    if (!isPoolAddress(address, plan) || this.#granting.has(address)) return false;
    const lease = state.leaseOfAddress(plan.network.name, address);
    return !lease || (!isLive(lease, now) && !isKept(lease, state));
  }

  #isInUse(address: Ipv4): boolean {
    const until = this.#inUseUntil.get(address);
    if (until === undefined) return false;
    if (until > this.#monotonic()) return true;
    this.#inUseUntil.delete(address);
    return false;
  }

  #remember(address: Ipv4, client: string): void {
    this.#dropOffer(address);
    this.#probed.delete(address);
    this.#offers.set(address, { client, untilMs: this.#monotonic() + OFFER_MS });
    this.#offerOfClient.set(client, address);
  }

  #beginGrant(address: Ipv4, client: string): void {
    this.#dropOffer(address);
    this.#probed.delete(address);
    const count = this.#granting.get(address)?.count ?? 0;
    this.#granting.set(address, { client, count: count + 1 });
  }

  #dropOffer(address: Ipv4): void {
    const offer = this.#offers.get(address);
    if (!offer) return;
    this.#offers.delete(address);
    this.#offerOfClient.delete(offer.client);
  }

  #dropOldOffers(): void {
    const now = this.#monotonic();
    for (const [address, offer] of this.#offers) {
      if (offer.untilMs > now) return;
      this.#dropOffer(address);
    }
  }

  /** Another revision may have another pool. */
  #follow(plan: NetworkPlan): void {
    if (this.#plan === plan) return;
    this.#plan = plan;
    this.#probed.clear();
    this.#unprobed = [];
    this.#cursor = 0;
    this.#emptyScanAt = undefined;
  }
}
