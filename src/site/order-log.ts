import type { Clock } from '../kernel/ports.ts';
import type { NewEvent } from '../model/event.ts';
import { ARMED, DOUBT, type Order } from '../model/order.ts';
import type { Change, SiteState, Store } from '../model/store.ts';
import { type LogRecord, type OrderLogFile, type OrderLogFileDeps, openOrderLogFile } from './order-log-file.ts';

/** The counter that a commit stores together with what it logged. */
const COUNTER = 'order-log';

export type OrderLogDeps = OrderLogFileDeps & { readonly store: Store; readonly clock: Clock };

/**
 * The store, with every commit that touches orders, marks or what is installed also appended and synced to the file
 * `path`, before the commit. At the start both are compared: one record more in the log is a write that was cut off, and
 * is made up for; any other difference means that one of the two was lost or restored, and then nothing that was ordered
 * before may be installed any more.
 * @throws AppError `disk-full`, `disk-failed`, `permission-denied`
 */
export async function withOrderLog(deps: OrderLogDeps): Promise<Store & { close(): Promise<void> }> {
  const file = await openOrderLogFile(deps);
  try {
    const logged = new LoggedStore(deps, file);
    await reconcile(deps, logged, file.last);
    return logged;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function reconcile({ store, clock, log }: OrderLogDeps, logged: LoggedStore, last: LogRecord | undefined) {
  const stored = store.state.counters.get(COUNTER) ?? 0;
  const seq = last?.seq ?? 0;
  const isSameBase = last === undefined || last.epoch === store.epoch;
  if (isSameBase && seq === stored) return;
  if (last && isSameBase && seq === stored + 1) {
    log.warn({ seq }, 'the last order was logged and not yet stored: stored now');
    await store.commit([...last.changes, counterAt(seq)], last.events);
    return;
  }
  const because = differenceOf(seq, stored, isSameBase);
  log.error({ logged: seq, stored }, `${because}: all open orders are void, and the site is disarmed`);
  logged.goOnFrom(Math.max(seq, stored));
  await logged.commit(doubt(store.state, clock.now(), because), eventsOf(store.state, clock.now(), because));
}

function differenceOf(seq: number, stored: number, isSameBase: boolean): string {
  if (!isSameBase) return 'the database is not the one that the log of orders belongs to';
  if (seq > stored) return 'the database is older than the log of orders';
  return seq === 0 ? 'the log of orders is missing' : 'the log of orders is older than the database';
}

function openOrders(state: SiteState): Order[] {
  return [...state.orders.values()].filter(({ state: { kind } }) =>
    (['open', 'waiting', 'installing'] as readonly string[]).includes(kind),
  );
}

function doubt(state: SiteState, at: number, because: string): Change[] {
  const voided = openOrders(state).map((order) => ({ ...order, state: { kind: 'void', at, because } as const }));
  return [
    ...voided.map((row) => ({ table: 'orders', key: row.id, row }) as const),
    { table: 'marks', key: ARMED, row: null },
    { table: 'marks', key: DOUBT, row: { at, by: 'the site', because } },
  ];
}

function eventsOf(state: SiteState, at: number, because: string): NewEvent[] {
  const next = 'Nothing is installed until somebody arms the site anew and orders slot by slot';
  return [
    { type: 'site-disarmed', at, sentence: `The site is disarmed: ${because}. ${next}`, data: { because } },
    ...openOrders(state).map((order) => ({
      type: 'order-void' as const,
      at,
      sentence: `${order.slot}: no install: ${because}`,
      slot: order.slot,
      data: { order: order.id, because },
    })),
  ];
}

class LoggedStore implements Store {
  readonly #deps: OrderLogDeps;
  readonly #file: OrderLogFile;
  #seq: number;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: OrderLogDeps, file: OrderLogFile) {
    this.#deps = deps;
    this.#file = file;
    this.#seq = file.last?.seq ?? 0;
  }

  get state(): SiteState {
    return this.#deps.store.state;
  }

  get epoch(): string {
    return this.#deps.store.epoch;
  }

  get lastSeq(): number {
    return this.#deps.store.lastSeq;
  }

  /** The numbers of both sides are used up: the next record has one that neither knows. */
  goOnFrom(seq: number): void {
    this.#seq = seq;
  }

  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    if (!changes.some((change) => isLogged(change, this.state))) return this.#deps.store.commit(changes, events);
    // One after the other: the number in the log and the one in the database rise together.
    const done = this.#last.then(() => this.#commitLogged(changes, events));
    // Nobody waits for the log to become shorter, but the next order.
    this.#last = done.then(
      () => this.#file.compactIfLong(),
      () => undefined,
    );
    return done;
  }

  async #commitLogged(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    const { store, clock } = this.#deps;
    const seq = this.#seq + 1;
    const record: LogRecord = { seq, epoch: store.epoch, at: clock.now(), changes, events };
    try {
      await this.#file.append(record);
      await store.commit([...changes, counterAt(seq)], events);
    } catch (error) {
      // What was not stored was refused to whoever asked for it: it must not come true at the next start.
      await this.#file.takeBack();
      throw error;
    }
    this.#seq = seq;
    this.#file.confirm();
  }

  events: Store['events'] = (query) => this.#deps.store.events(query);
  onEvent: Store['onEvent'] = (listener) => this.#deps.store.onEvent(listener);
  prune: Store['prune'] = (limits) => this.#deps.store.prune(limits);

  /** Closes the log alone; the store is closed by whoever opened it. */
  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

/** Orders and marks always; of bindings only what is installed. */
function isLogged(change: Change, state: SiteState): boolean {
  if (change.table === 'orders' || change.table === 'marks') return true;
  if (change.table !== 'bindings') return false;
  return change.row?.installed?.order !== state.bindings.get(change.key)?.installed?.order;
}

function counterAt(seq: number): Change {
  return { table: 'counters', key: COUNTER, row: seq };
}
