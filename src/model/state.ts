import type { Ipv4 } from '../kernel/ipv4.ts';
import { isIdentifyingMac, type MacAddress } from '../kernel/mac.ts';
import { BestOf } from './best-of.ts';
import type { Binding, Boot } from './boot.ts';
import type { Findings } from './dhcp-role.ts';
import { usableUuid } from './identity.ts';
import type { Lease } from './lease.ts';
import type { EvidenceKind, Machine, MachineId } from './machine.ts';
import { type Mark, type Order, ordersOf } from './order.ts';
import type { Outbox } from './outbox.ts';
import type { Change, SiteState, TableName, Tables } from './store.ts';

/** The facts of a site with their indexes. Only `applyChanges` changes it; everybody else sees a `SiteState`. */
export class MemoryState implements SiteState {
  readonly #rows: { readonly [T in TableName]: Map<string, Tables[T]> } = {
    machines: new Map(),
    bindings: new Map(),
    boots: new Map(),
    leases: new Map(),
    counters: new Map(),
    orders: new Map(),
    marks: new Map(),
    link: new Map(),
    surroundings: new Map(),
  };
  readonly #leasesByAddress = new BestOf<Lease>((lease) => [`${lease.network}/${lease.address}`], holdsBetter);
  readonly #leasesByMac = new BestOf<Lease>(({ mac }) => (isIdentifyingMac(mac) ? [mac] : []), holdsBetter);
  readonly #machinesByEvidence = new BestOf<Machine>(identifiers, countedLater);
  readonly #bootsByMachine = new BestOf<Boot>((boot) => [boot.machine], countedLater);
  readonly #bindingsBySlot = new BestOf<Binding>(
    (binding) => [binding.slot],
    (a, b) => a.number > b.number,
  );
  readonly #bindingsByMachine = new BestOf<Binding>((binding) => [binding.machine], boundLater);

  readonly machines: ReadonlyMap<string, Machine> = this.#rows.machines;
  readonly bindings: ReadonlyMap<string, Binding> = this.#rows.bindings;
  readonly boots: ReadonlyMap<string, Boot> = this.#rows.boots;
  readonly leases: ReadonlyMap<string, Lease> = this.#rows.leases;
  readonly counters: ReadonlyMap<string, number> = this.#rows.counters;
  readonly orders: ReadonlyMap<string, Order> = this.#rows.orders;
  readonly marks: ReadonlyMap<string, Mark> = this.#rows.marks;
  readonly link: ReadonlyMap<string, Outbox> = this.#rows.link;
  readonly surroundings: ReadonlyMap<string, Findings> = this.#rows.surroundings;

  /** Of several rows with one address: bound before declined before released, then the one that ends last. */
  leaseOfAddress(network: string, address: Ipv4): Lease | undefined {
    return this.#leasesByAddress.best(`${network}/${address}`);
  }

  leaseOfMac(mac: MacAddress): Lease | undefined {
    return this.#leasesByMac.best(mac);
  }

  /** Of several machines with one value: the one that was counted last. */
  machineWith(kind: EvidenceKind, value: string): Machine | undefined {
    return this.#machinesByEvidence.best(`${kind}=${value}`);
  }

  latestBoot(machine: MachineId): Boot | undefined {
    return this.#bootsByMachine.best(machine);
  }

  currentBinding(slot: string): Binding | undefined {
    const newest = this.newestBinding(slot);
    return newest?.releasedAt === undefined ? newest : undefined;
  }

  newestBinding(slot: string): Binding | undefined {
    return this.#bindingsBySlot.best(slot);
  }

  ordersOf(slot: string): readonly Order[] {
    return ordersOf(slot, this.#rows.orders);
  }

  /** Of several slots that one machine fills: the one that it came to last. */
  bindingOfMachine(machine: MachineId): Binding | undefined {
    return this.#bindingsByMachine.best(machine, (binding) => this.currentBinding(binding.slot) === binding);
  }

  /** For `applyChanges`. */
  put(change: Change): void {
    switch (change.table) {
      case 'machines':
        this.#machinesByEvidence.replace(change.key, replaceRow(this.#rows.machines, change.key, change.row));
        return;
      case 'bindings': {
        const step = replaceRow(this.#rows.bindings, change.key, change.row);
        this.#bindingsBySlot.replace(change.key, step);
        this.#bindingsByMachine.replace(change.key, step);
        return;
      }
      case 'boots':
        this.#bootsByMachine.replace(change.key, replaceRow(this.#rows.boots, change.key, change.row));
        return;
      case 'leases': {
        const step = replaceRow(this.#rows.leases, change.key, change.row);
        this.#leasesByAddress.replace(change.key, step);
        this.#leasesByMac.replace(change.key, step);
        return;
      }
      case 'counters':
        replaceRow(this.#rows.counters, change.key, change.row);
        return;
      case 'orders':
        replaceRow(this.#rows.orders, change.key, change.row);
        return;
      case 'marks':
        replaceRow(this.#rows.marks, change.key, change.row);
        return;
      case 'link':
        replaceRow(this.#rows.link, change.key, change.row);
        return;
      case 'surroundings':
        replaceRow(this.#rows.surroundings, change.key, change.row);
    }
  }
}

/** A state that holds these rows; a later change of the same key wins. */
export function createState(rows: Iterable<Change> = []): MemoryState {
  const state = new MemoryState();
  applyChanges(state, rows);
  return state;
}

/** Makes `changes` part of `state`, in their order. */
export function applyChanges(state: MemoryState, changes: Iterable<Change>): void {
  for (const change of changes) state.put(change);
}

function replaceRow<Row>(rows: Map<string, Row>, key: string, row: Row | null): { old?: Row; row?: Row } {
  const old = rows.get(key);
  if (row === null) rows.delete(key);
  else rows.set(key, row);
  return { ...(old === undefined ? {} : { old }), ...(row === null ? {} : { row }) };
}

/** What may name a machine; values that whole batches of hardware share do not. */
function identifiers(machine: Machine): readonly string[] {
  const names = machine.evidence.flatMap(({ kind, value }) => {
    if (kind === 'mac') return isIdentifyingMac(value as MacAddress) ? [`mac=${value}`] : [];
    const uuid = kind === 'uuid' ? usableUuid(value) : undefined;
    return uuid ? [`uuid=${uuid}`] : [];
  });
  return [...new Set(names)];
}

const leaseRank: Readonly<Record<Lease['state'], number>> = { bound: 2, declined: 1, released: 0 };

function holdsBetter(a: Lease, b: Lease): boolean {
  const byState = leaseRank[a.state] - leaseRank[b.state];
  return byState !== 0 ? byState > 0 : a.expiresAt > b.expiresAt;
}

function boundLater(a: Binding, b: Binding): boolean {
  return a.since > b.since;
}

/** By the number in the id and not by time: a clock may jump, the counters of the site never do. */
export function countedLater(a: { readonly id: string }, b: { readonly id: string }): boolean {
  return countOf(a.id) > countOf(b.id);
}

function countOf(id: string): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}
