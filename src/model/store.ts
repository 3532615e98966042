import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Binding, Boot, BootId } from './boot.ts';
import type { Findings } from './dhcp-role.ts';
import type { Event, EventType, NewEvent } from './event.ts';
import type { Lease } from './lease.ts';
import type { EvidenceKind, Machine, MachineId } from './machine.ts';
import type { Mark, Order } from './order.ts';
import type { Outbox } from './outbox.ts';

/** What the site knows, a table per noun. Rows are JSON; `counters` holds the numbers that are never used twice. */
export type Tables = {
  readonly machines: Machine;
  readonly bindings: Binding;
  readonly boots: Boot;
  readonly leases: Lease;
  readonly counters: number;
  readonly orders: Order;
  readonly marks: Mark;
  readonly link: Outbox;
  readonly surroundings: Findings;
};
export type TableName = keyof Tables;

/** One row put or (row null) deleted. Changes are data, so that they can be tested, logged and replayed. */
export type Change = {
  readonly [T in TableName]: { readonly table: T; readonly key: string; readonly row: Tables[T] | null };
}[TableName];

/** The facts of a site in memory: what has been committed, nothing else. Decisions read it. */
export interface SiteState {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly boots: ReadonlyMap<string, Boot>;
  readonly leases: ReadonlyMap<string, Lease>;
  readonly counters: ReadonlyMap<string, number>;
  readonly orders: ReadonlyMap<string, Order>;
  readonly marks: ReadonlyMap<string, Mark>;
  readonly link: ReadonlyMap<string, Outbox>;
  readonly surroundings: ReadonlyMap<string, Findings>;
  /** The bound, released or declined lease row that holds an address. */
  leaseOfAddress(network: string, address: Ipv4): Lease | undefined;
  /** Of the rows of one NIC, in whatever network: the bound one that ends last, else any other. */
  leaseOfMac(mac: MacAddress): Lease | undefined;
  /** The machine that has this evidence; only `mac` and `uuid` identify. */
  machineWith(kind: EvidenceKind, value: string): Machine | undefined;
  /** The newest boot of a machine, open or closed. */
  latestBoot(machine: MachineId): Boot | undefined;
  /** The binding of a slot with the highest number; undefined if nobody ever filled it, or it was released. */
  currentBinding(slot: string): Binding | undefined;
  /** As `currentBinding`, but also one that was released: the next binding counts on from it. */
  newestBinding(slot: string): Binding | undefined;
  /** All orders of a slot, the newest first. */
  ordersOf(slot: string): readonly Order[];
  /** The current binding that this machine fills, if any. */
  bindingOfMachine(machine: MachineId): Binding | undefined;
}

export type EventQuery = {
  readonly afterSeq?: number;
  readonly limit: number;
  /** true: the newest first. */
  readonly newestFirst?: boolean;
  readonly slot?: string;
  readonly machine?: MachineId;
  readonly boot?: BootId;
  readonly types?: readonly EventType[];
};

export type PruneLimits = {
  readonly beforeMs: number;
  readonly maxBytes: number;
  /** Closed ones; no limit if it is not given. */
  readonly maxBoots?: number;
  /** Head office has the events up to this number; none is waited for if it is not given. */
  readonly ackedThrough?: number;
};

/** The one way to write. */
export interface Store {
  readonly state: SiteState;
  /** Names this database: made anew when it is created, so that a restored or lost one shows. */
  readonly epoch: string;
  /** Number of the last event that was committed; 0: none ever was. */
  readonly lastSeq: number;
  /**
   * Writes all of it or nothing, and resolves when it is on disk and in `state`; commits that wait together share one
   * sync. Rejects with an AppError (`disk-full`, `disk-failed`, `store-read-only`); nothing has changed then.
   */
  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void>;
  events(query: EventQuery): Promise<readonly Event[]>;
  /** Calls back for each event after its commit, in order. The answer ends it. */
  onEvent(listener: (event: Event) => void): () => void;
  /**
   * Deletes closed boots and events older than `beforeMs`, the oldest events beyond `maxBytes`, and the boots that were
   * closed first beyond `maxBoots`. Boots are kept in memory: one machine in a boot loop makes a thousand a day.
   * `unacked`: how many of the events head office never had.
   */
  prune(limits: PruneLimits): Promise<{ readonly events: number; readonly unacked: number; readonly boots: number }>;
  close(): Promise<void>;
}
