import type { Digest } from '../../kernel/digest.ts';
import type { HubTableName, HubTables } from './hub-rows.ts';

/** An event as a site reported it. */
export type FleetEvent = {
  readonly site: string;
  readonly epoch: string;
  readonly seq: number;
  /** `gap`: the events up to `through` are lost; `sentence` says why. */
  readonly type: string;
  readonly at: number;
  readonly sentence: string;
  readonly machine?: string;
  readonly slot?: string;
  readonly boot?: string;
  /** JSON. */
  readonly data?: string;
  readonly through?: number;
  /** When head office wrote it down. */
  readonly receivedAt: number;
};
/** `id` counts what head office received, over all sites. */
export type KeptFleetEvent = FleetEvent & { readonly id: number };
/** `duplicate`: the very same is here. `conflict`: another one has this number. */
export type AppendVerdict = 'added' | 'duplicate' | 'conflict';

export type FleetEventQuery = {
  readonly site?: string;
  readonly slot?: string;
  readonly types?: readonly string[];
  /** Written down at head office at this time or later, and before that one. */
  readonly receivedFrom?: number;
  readonly receivedBefore?: number;
  readonly afterId?: number;
  readonly beforeId?: number;
  readonly limit: number;
  /** So many of the first are left out. */
  readonly offset?: number;
  /** true: the newest first. */
  readonly newestFirst?: boolean;
};
/** Which events are counted. */
export type FleetEventCount = Pick<FleetEventQuery, 'site' | 'slot' | 'types' | 'receivedFrom' | 'receivedBefore'>;

export type NewAuditEntry = {
  readonly at: number;
  /** Name of the token, of the command at the hub's terminal, or `site NAME`. */
  readonly who: string;
  /** Such as `invite`, `publish.start`. */
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
};
/** Each entry names the one before it: nothing can be taken out or changed unseen. */
export type AuditEntry = NewAuditEntry & { readonly id: number; readonly before: Digest; readonly digest: Digest };

export type AuditQuery = { readonly afterId?: number; readonly limit: number; readonly newestFirst?: boolean };

export type RowQuery = {
  /** Keys that begin so. */
  readonly prefix?: string;
  /** Keys behind this one. */
  readonly after?: string;
  readonly limit?: number;
};
export type Row<T extends HubTableName> = { readonly key: string; readonly row: HubTables[T] };

/** One unit of work: all that is read in it belongs together, and all that is written in it is written or nothing is. */
export interface HubTx {
  get<T extends HubTableName>(table: T, key: string): Promise<HubTables[T] | undefined>;
  put<T extends HubTableName>(table: T, key: string, row: HubTables[T]): Promise<void>;
  delete(table: HubTableName, key: string): Promise<void>;
  /** In the order of the keys. */
  list<T extends HubTableName>(table: T, query?: RowQuery): Promise<readonly Row<T>[]>;
  /** The next number of a kind, from 1 on; never given twice. */
  next(counter: string): Promise<number>;
  /** Deduplicated for ever by (site, epoch, seq); a verdict per event, in order. A conflict leaves the first one. */
  appendEvents(events: readonly FleetEvent[]): Promise<readonly AppendVerdict[]>;
  events(query: FleetEventQuery): Promise<readonly KeptFleetEvent[]>;
  /** How many enrolments and other events there are, each counted once. */
  countEvents(query: FleetEventCount): Promise<number>;
  appendAudit(entry: NewAuditEntry): Promise<AuditEntry>;
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;
  /** The digest is that of the bytes; the caller has made sure. */
  putBlob(digest: Digest, bytes: Uint8Array): Promise<void>;
  blob(digest: Digest): Promise<Uint8Array | undefined>;
  /** Of one that is not there: nothing. */
  deleteBlob(digest: Digest): Promise<void>;
}

/** A file that a backup carries beside the rows. `name` has slashes, and no dots that lead elsewhere. */
export type BackupFile = { readonly name: string; readonly bytes: Uint8Array };

/** What head office keeps: SQLite, or PostgreSQL for a hub that outgrows one machine. */
export interface HubStore {
  /** Made anew with the database, and by each restore: sites then send all state again. */
  readonly epoch: string;
  /**
   * Runs one unit and commits it, or rolls it back if `unit` rejects. Units run one after the other, so they are short and wait
   * for nothing but `tx`. Rejects with what `unit` rejected with, or an AppError (`disk-full`, `disk-failed`, `store-read-only`).
   */
  work<T>(unit: (tx: HubTx) => Promise<T>): Promise<T>;
  /** Reads what is committed; writes in it are refused. Does not wait for units. */
  read<T>(look: (tx: HubTx) => Promise<T>): Promise<T>;
  /**
   * A whole copy of what is committed, with `files` in it, in the one file `path`, while units and looks go on; what was at
   * `path` is replaced when the copy is whole and on disk. Rejects with an AppError if it cannot be written.
   */
  backup(path: string, files?: readonly BackupFile[]): Promise<{ readonly bytes: number }>;
  close(): Promise<void>;
}
