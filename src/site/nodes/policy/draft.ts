import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Binding, Boot } from '../../../model/boot.ts';
import { bindingKey } from '../../../model/boot.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Lease } from '../../../model/lease.ts';
import type { EvidenceKind, Machine, MachineId } from '../../../model/machine.ts';
import type { Mark, Order } from '../../../model/order.ts';
import { ordersOf } from '../../../model/order.ts';
import type { Outbox } from '../../../model/outbox.ts';
import { countedLater, createState } from '../../../model/state.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import { Overlay } from './overlay.ts';

/**
 * What the state would be after the changes that a batch of signals made so far: the second signal of a batch sees
 * what the first one did. Rows are only put, never deleted, but for marks.
 */
export class Draft implements SiteState {
  readonly #base: SiteState;
  readonly #fresh = createState();
  readonly #changes = new Map<string, Change>();
  readonly #droppedMarks = new Set<string>();
  readonly events: NewEvent[] = [];
  readonly machines: ReadonlyMap<string, Machine>;
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly boots: ReadonlyMap<string, Boot>;
  readonly leases: ReadonlyMap<string, Lease>;
  readonly counters: ReadonlyMap<string, number>;
  readonly orders: ReadonlyMap<string, Order>;
  readonly marks: ReadonlyMap<string, Mark>;
  readonly link: ReadonlyMap<string, Outbox>;
  readonly surroundings: SiteState['surroundings'];

  constructor(base: SiteState) {
    this.#base = base;
    this.machines = new Overlay(this.#fresh.machines, base.machines);
    this.bindings = new Overlay(this.#fresh.bindings, base.bindings);
    this.boots = new Overlay(this.#fresh.boots, base.boots);
    this.leases = base.leases;
    this.link = base.link;
    this.surroundings = base.surroundings;
    this.counters = new Overlay(this.#fresh.counters, base.counters);
    this.orders = new Overlay(this.#fresh.orders, base.orders);
    this.marks = new Overlay(this.#fresh.marks, base.marks, this.#droppedMarks);
  }

  /** One change for each row that differs now. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()];
  }

  leaseOfAddress(network: string, address: Ipv4): Lease | undefined {
    return this.#base.leaseOfAddress(network, address);
  }

  leaseOfMac(mac: MacAddress): Lease | undefined {
    return this.#base.leaseOfMac(mac);
  }

  machineWith(kind: EvidenceKind, value: string): Machine | undefined {
    const old = this.#base.machineWith(kind, value);
    // A row that was changed here speaks for itself: it may have that evidence no more.
    return laterOf(this.#fresh.machineWith(kind, value), old && this.#fresh.machines.has(old.id) ? undefined : old);
  }

  latestBoot(machine: MachineId): Boot | undefined {
    return laterOf(this.#fresh.latestBoot(machine), this.#base.latestBoot(machine));
  }

  currentBinding(slot: string): Binding | undefined {
    const newest = this.newestBinding(slot);
    return newest?.releasedAt === undefined ? newest : undefined;
  }

  newestBinding(slot: string): Binding | undefined {
    const [fresh, old] = [this.#fresh.newestBinding(slot), this.#base.newestBinding(slot)];
    return fresh && old && old.number > fresh.number ? old : (fresh ?? old);
  }

  ordersOf(slot: string): readonly Order[] {
    return ordersOf(slot, this.orders);
  }

  bindingOfMachine(machine: MachineId): Binding | undefined {
    const fresh = this.#fresh.bindingOfMachine(machine);
    if (fresh) return fresh;
    const old = this.#base.bindingOfMachine(machine);
    return old && this.currentBinding(old.slot)?.number === old.number ? old : undefined;
  }

  putMachine(row: Machine): void {
    this.#put({ table: 'machines', key: row.id, row });
  }

  putBoot(row: Boot): void {
    this.#put({ table: 'boots', key: row.id, row });
  }

  putBinding(row: Binding): void {
    this.#put({ table: 'bindings', key: bindingKey(row.slot, row.number), row });
  }

  putOrder(row: Order): void {
    this.#put({ table: 'orders', key: row.id, row });
  }

  putMark(key: string, row: Mark): void {
    this.#droppedMarks.delete(key);
    this.#put({ table: 'marks', key, row });
  }

  dropMark(key: string): void {
    if (!this.marks.has(key)) return;
    this.#droppedMarks.add(key);
    this.#put({ table: 'marks', key, row: null });
  }

  /** The next number of a counter; it is never given again. */
  count(key: string): number {
    const next = (this.counters.get(key) ?? 0) + 1;
    this.#put({ table: 'counters', key, row: next });
    return next;
  }

  say(event: NewEvent): void {
    this.events.push(event);
  }

  #put(change: Change): void {
    this.#fresh.put(change);
    this.#changes.set(`${change.table}/${change.key}`, change);
  }
}

/** What the whole state would answer: a row that is put once more is not the newest because of that. */
function laterOf<Row extends { readonly id: string }>(fresh: Row | undefined, old: Row | undefined): Row | undefined {
  return fresh && old && countedLater(old, fresh) ? old : (fresh ?? old);
}
