import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { HubTableName, HubTables } from '../../model/fleet/hub-rows.ts';
import type {
  AuditQuery,
  FleetEvent,
  FleetEventQuery,
  HubTx,
  NewAuditEntry,
  Row,
  RowQuery,
} from '../../model/fleet/hub-store.ts';
import type { HubOpName, HubOps, HubStep } from './hub-protocol.ts';

/** Where the steps of a unit go. */
export type StepSink = {
  /** Brings what was put off, and this, and answers this. */
  ask(step: HubStep): Promise<unknown>;
  /** Goes with what is asked next, or with the end of the unit. */
  putOff(step: HubStep): void;
};
type Args<N extends HubOpName> = Parameters<HubOps[N]>[0];
type Result<N extends HubOpName> = ReturnType<HubOps[N]>;

/** One unit of work, as long as it is open. */
export class OpenUnit implements HubTx {
  readonly #sink: StepSink;
  readonly #mayWrite: boolean;
  #ended: string | undefined;

  constructor(sink: StepSink, mayWrite: boolean) {
    this.#sink = sink;
    this.#mayWrite = mayWrite;
  }

  /** From now on the unit takes nothing more. */
  end(because: string): void {
    this.#ended = because;
  }

  async get<T extends HubTableName>(table: T, key: string): Promise<HubTables[T] | undefined> {
    const row = await this.#ask('get', { table, key });
    return row === undefined ? undefined : parseRow(table, key, row);
  }

  async put<T extends HubTableName>(table: T, key: string, value: HubTables[T]): Promise<void> {
    const row: string | undefined = JSON.stringify(value);
    if (row === undefined) throw new AppError('internal', 'a row of the store must be a value of JSON');
    this.#write({ op: 'put', args: { table, key, row } });
  }

  async delete(table: HubTableName, key: string): Promise<void> {
    this.#write({ op: 'delete', args: { table, key } });
  }

  async list<T extends HubTableName>(table: T, query: RowQuery = {}): Promise<readonly Row<T>[]> {
    const rows = await this.#ask('list', { table, ...query });
    return rows.map(({ key, row }) => ({ key, row: parseRow(table, key, row) }));
  }

  next(counter: string): Promise<number> {
    return this.#change('next', counter);
  }

  appendEvents(events: readonly FleetEvent[]): Promise<Result<'appendEvents'>> {
    return this.#change('appendEvents', events);
  }

  events(query: FleetEventQuery): Promise<Result<'events'>> {
    return this.#ask('events', query);
  }

  countEvents(query: Args<'countEvents'>): Promise<number> {
    return this.#ask('countEvents', query);
  }

  appendAudit(entry: NewAuditEntry): Promise<Result<'appendAudit'>> {
    return this.#change('appendAudit', entry);
  }

  audit(query: AuditQuery): Promise<Result<'audit'>> {
    return this.#ask('audit', query);
  }

  async putBlob(digest: Digest, bytes: Uint8Array): Promise<void> {
    this.#write({ op: 'putBlob', args: { digest, bytes } });
  }

  blob(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#ask('blob', digest);
  }

  async deleteBlob(digest: Digest): Promise<void> {
    this.#write({ op: 'deleteBlob', args: digest });
  }

  /** For what has no answer: whether it could be written shows at the end of the unit at the latest. */
  #write(step: HubStep): void {
    this.#assertOpen(step.op);
    this.#assertMayWrite(step.op);
    this.#sink.putOff(step);
  }

  async #change<N extends HubOpName>(op: N, args: Args<N>): Promise<Result<N>> {
    this.#assertMayWrite(op);
    return this.#ask(op, args);
  }

  async #ask<N extends HubOpName>(op: N, args: Args<N>): Promise<Result<N>> {
    this.#assertOpen(op);
    const answer = await this.#sink.ask({ op, args } as HubStep);
    return (answer ?? undefined) as Result<N>;
  }

  #assertMayWrite(op: HubOpName): void {
    if (!this.#mayWrite) throw new AppError('internal', `a look at the store writes nothing: ${op}`);
  }

  #assertOpen(op: HubOpName): void {
    if (this.#ended) throw new AppError('internal', `the unit of work ${this.#ended}; ${op} comes too late`);
  }
}

function parseRow<T extends HubTableName>(table: T, key: string, row: string): HubTables[T] {
  try {
    return JSON.parse(row) as HubTables[T];
  } catch (cause) {
    throw new AppError('store-damaged', `the row ${key} of ${table} is not JSON`, { cause });
  }
}
