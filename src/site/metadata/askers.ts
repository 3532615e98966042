import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock } from '../../kernel/ports.ts';
import { leasedByAnother, type Surroundings } from '../../model/dhcp-role.ts';
import type { Machine } from '../../model/machine.ts';
import { findPeer, type Peer } from '../../model/peer.ts';
import { identify, type Requester } from '../../model/requester.ts';
import type { Revision } from '../../model/revision.ts';
import type { NeighbourTable, RevisionSource, SiteAddress } from '../../model/site-ports.ts';
import { revisionFor } from '../../model/site-ports.ts';
import type { SiteState, Store } from '../../model/store.ts';
import { asksAgain } from './policy/formats.ts';
import type { Known, Subject } from './policy/subject.ts';

export type AskerDeps = {
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly addresses: () => readonly SiteAddress[];
  readonly arp: NeighbourTable;
  readonly surroundings: Pick<Surroundings, 'roleOf'>;
  readonly clock: Clock;
};

/** The two ends of the connection that a request came by, as sockets write addresses, and its User-Agent. */
export type Ends = { readonly remote: string; readonly local: string; readonly agent: string | undefined };

/** Where a request stands. `waits`: who asks tries again by itself. */
export type Ground = {
  /** The one in force. */
  readonly revision: Revision;
  readonly peer: Peer;
  readonly site: SiteAddress;
  readonly waits: boolean;
};

/** Whom a request means, by which revision. */
export type Found = { readonly subject: Subject; readonly revision: Revision };

/** Who asks, by what the site sees itself, and whom the request means. */
export class Askers {
  readonly #deps: AskerDeps;

  constructor(deps: AskerDeps) {
    this.#deps = deps;
  }

  /**
   * The MAC of the asker if it is of the machine whose documents it asks for, by the wire and by its lease. Where
   * documents install, the wire is enough: an installer may have a fixed address, and what it fetches must be counted. So
   * it is where another server leases.
   */
  async selfOf(subject: Known, ground: Ground): Promise<MacAddress | undefined> {
    const { lease } = ground.peer;
    const isLeased = lease !== undefined && lease.expiresAt > this.#deps.clock.now();
    const installs = subject.kind === 'slot' && subject.slot.profile.kind === 'install';
    const isWireEnough = installs || this.isLeasedByAnother(ground);
    if (!isLeased && !isWireEnough) return undefined;
    const { mac } = await this.identify(ground);
    if (!mac || !this.isNicOf(subject, mac)) return undefined;
    return isWireEnough || mac === lease?.mac ? mac : undefined;
  }

  /** Whether who asks has its address from another server. */
  isLeasedByAnother({ revision, peer }: Ground): boolean {
    return leasedByAnother(peer.address, revision.networks, this.#deps.surroundings) !== undefined;
  }

  /** Whether a MAC is one of the machine whose documents are meant. */
  isNicOf(subject: Known, mac: MacAddress): boolean {
    if (mac === subject.mac) return true;
    const machine = subject.kind === 'slot' ? subject.machine : undefined;
    return machine !== undefined && this.#deps.store.state.machineWith('mac', mac)?.id === machine.id;
  }

  /** Whom the wire shows at the address that asks. */
  async identify({ revision, peer: { address, lease } }: Ground): Promise<Requester> {
    const { arp, clock } = this.#deps;
    const neighbour = (await arp.entries()).get(address);
    return identify({ address, neighbour, lease, networks: Object.values(revision.networks), now: clock.now() });
  }

  /**
   * The subject after the revision that its open boot began with, also where the one in force has no slot for it any more;
   * else after the one in force. With the revision that it was found by.
   */
  pinned(find: (revision: Revision) => Subject, current: Revision): Found {
    const { store, revisions } = this.#deps;
    const subject = find(current);
    const machine = machineOf(subject, store.state);
    const revision = machine && revisionFor(revisions, store.state.latestBoot(machine.id));
    if (revision === undefined || revision === current) return { subject, revision: current };
    return { subject: find(revision), revision };
  }

  /** undefined: the site is starting. */
  ground({ remote, local, agent }: Ends): Ground | undefined {
    const { revisions, addresses, store } = this.#deps;
    const revision = revisions.current();
    const peer = findPeer(remote, local, addresses(), store.state);
    return revision && peer.site ? { revision, peer, site: peer.site, waits: asksAgain(agent) } : undefined;
  }
}

function machineOf(subject: Subject, state: SiteState): Machine | undefined {
  if (subject.kind === 'unknown') return undefined;
  return subject.kind === 'slot' ? subject.machine : subject.mac && state.machineWith('mac', subject.mac);
}
