import { type FileHandle, open, readFile } from 'node:fs/promises';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { NewEvent } from '../model/event.ts';
import { ARMED, DOUBT, type Order } from '../model/order.ts';
import type { Change, SiteState, Store } from '../model/store.ts';

/** The counter that a commit stores together with what it logged. */
const COUNTER = 'order-log';

/** One line of the log: everything that one commit changed, because it changed an order, a mark or what is installed. */
type LogRecord = {
  readonly seq: number;
  readonly epoch: string;
  readonly at: number;
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
};

export type OrderLogDeps = {
  readonly path: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * The store, with every commit that touches orders, marks or what is installed also appended and synced to the file
 * `path`, before the commit. At the start both are compared: one record more in the log is a write that was cut off, and
 * is made up for; any other difference means that one of the two was lost or restored, and then nothing that was ordered
 * before may be installed any more.
 * @throws AppError `disk-full`, `disk-failed`, `permission-denied`
 */
export async function withOrderLog(deps: OrderLogDeps): Promise<Store & { close(): Promise<void> }> {
  const { records, lengthBytes } = await readLog(deps.path);
  const file = await openLog(deps.path, lengthBytes);
  try {
    const logged = new LoggedStore(deps, file, lengthBytes, records.at(-1)?.seq ?? 0);
    await reconcile(deps, logged, records.at(-1));
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
  readonly #file: FileHandle;
  #lengthBytes: number;
  #seq: number;
  #isBroken = false;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: OrderLogDeps, file: FileHandle, lengthBytes: number, seq: number) {
    this.#deps = deps;
    this.#file = file;
    this.#lengthBytes = lengthBytes;
    this.#seq = seq;
  }

  get state(): SiteState {
    return this.#deps.store.state;
  }

  get epoch(): string {
    return this.#deps.store.epoch;
  }

  /** The numbers of both sides are used up: the next record has one that neither knows. */
  goOnFrom(seq: number): void {
    this.#seq = seq;
  }

  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    if (!changes.some((change) => isLogged(change, this.state))) return this.#deps.store.commit(changes, events);
    // One after the other: the number in the log and the one in the database rise together.
    const done = this.#last.then(() => this.#commitLogged(changes, events));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #commitLogged(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    if (this.#isBroken) throw new AppError('disk-failed', 'the log of orders cannot be written; start the site anew');
    const { store, clock } = this.#deps;
    const seq = this.#seq + 1;
    const record: LogRecord = { seq, epoch: store.epoch, at: clock.now(), changes, events };
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      await writeAll(this.#file, line, this.#lengthBytes);
      await this.#file.datasync();
      await store.commit([...changes, counterAt(seq)], events);
    } catch (error) {
      await this.#takeBack();
      throw error instanceof AppError ? error : diskError('the log of orders cannot be written', error);
    }
    this.#seq = seq;
    this.#lengthBytes += line.length;
  }

  /** What was not stored was refused to whoever asked for it: it must not come true at the next start. */
  async #takeBack(): Promise<void> {
    try {
      await this.#file.truncate(this.#lengthBytes);
      await this.#file.datasync();
    } catch (error) {
      this.#isBroken = true;
      this.#deps.log.error({ error }, 'the log of orders cannot be mended; nothing is ordered until the next start');
    }
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

/** The records of the log, and how many of its bytes they are: a line that was cut off never became a commit. */
async function readLog(path: string): Promise<{ records: LogRecord[]; lengthBytes: number }> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw diskError(`cannot read ${path}`, error);
  });
  const records: LogRecord[] = [];
  let lengthBytes = 0;
  for (;;) {
    const end = bytes.indexOf(10, lengthBytes);
    const record = end < 0 ? undefined : parseRecord(bytes.toString('utf8', lengthBytes, end));
    if (!record) return { records, lengthBytes };
    records.push(record);
    lengthBytes = end + 1;
  }
}

function parseRecord(line: string): LogRecord | undefined {
  try {
    const value = JSON.parse(line) as LogRecord;
    return Number.isInteger(value.seq) && Array.isArray(value.changes) ? value : undefined;
  } catch {
    // Damaged: from here on the log says nothing, and the comparison with the database shows it.
    return undefined;
  }
}

async function openLog(path: string, lengthBytes: number): Promise<FileHandle> {
  try {
    // r+ keeps positions: a file opened for appending writes at its end wherever it is told to.
    const file = await open(path, 'r+').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'wx+', 0o600);
    });
    await file.truncate(lengthBytes);
    await file.sync();
    return file;
  } catch (error) {
    throw diskError(`cannot open ${path}`, error);
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function diskError(message: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') return new AppError('permission-denied', message, { cause });
  return new AppError(code === 'ENOSPC' ? 'disk-full' : 'disk-failed', message, { cause });
}
