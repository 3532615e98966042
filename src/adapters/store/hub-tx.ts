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

type Send = (step: HubStep) => Promise<unknown>;
type Args<N extends HubOpName> = Parameters<HubOps[N]>[0];
type Result<N extends HubOpName> = ReturnType<HubOps[N]>;

/** One unit of work, as long as it is open. */
export class OpenUnit implements HubTx {
  readonly #send: Send;
  readonly #mayWrite: boolean;
  #ended: string | undefined;

  constructor(send: Send, mayWrite: boolean) {
    this.#send = send;
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
    await this.#write('put', { table, key, row });
  }

  async delete(table: HubTableName, key: string): Promise<void> {
    await this.#write('delete', { table, key });
  }

  async list<T extends HubTableName>(table: T, query: RowQuery = {}): Promise<readonly Row<T>[]> {
    const rows = await this.#ask('list', { table, ...query });
    return rows.map(({ key, row }) => ({ key, row: parseRow(table, key, row) }));
  }

  next(counter: string): Promise<number> {
    return this.#write('next', counter);
  }

  appendEvents(events: readonly FleetEvent[]): Promise<Result<'appendEvents'>> {
    return this.#write('appendEvents', events);
  }

  events(query: FleetEventQuery): Promise<Result<'events'>> {
    return this.#ask('events', query);
  }

  countEvents(query: Args<'countEvents'>): Promise<number> {
    return this.#ask('countEvents', query);
  }

  appendAudit(entry: NewAuditEntry): Promise<Result<'appendAudit'>> {
    return this.#write('appendAudit', entry);
  }

  audit(query: AuditQuery): Promise<Result<'audit'>> {
    return this.#ask('audit', query);
  }

  async putBlob(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.#write('putBlob', { digest, bytes });
  }

  blob(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#ask('blob', digest);
  }

  async deleteBlob(digest: Digest): Promise<void> {
    await this.#write('deleteBlob', digest);
  }

  #write<N extends HubOpName>(op: N, args: Args<N>): Promise<Result<N>> {
    if (!this.#mayWrite) return Promise.reject(new AppError('internal', `a look at the store writes nothing: ${op}`));
    return this.#ask(op, args);
  }

  async #ask<N extends HubOpName>(op: N, args: Args<N>): Promise<Result<N>> {
    if (this.#ended) throw new AppError('internal', `the unit of work ${this.#ended}; ${op} comes too late`);
    const answer = await this.#send({ op, args } as HubStep);
    return (answer ?? undefined) as Result<N>;
  }
}

function parseRow<T extends HubTableName>(table: T, key: string, row: string): HubTables[T] {
  try {
    return JSON.parse(row) as HubTables[T];
  } catch (cause) {
    throw new AppError('store-damaged', `the row ${key} of ${table} is not JSON`, { cause });
  }
}
