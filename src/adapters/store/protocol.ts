import type { ErrorCode } from '../../kernel/errors.ts';
import type { EventQuery, PruneLimits, TableName } from '../../model/store.ts';
import type { Faults } from './faults.ts';

/** A row as it crosses to the worker: `row` is JSON, null deletes. */
export type RowText = { readonly table: TableName; readonly key: string; readonly row: string | null };

/** An event as it crosses: `body` is the JSON of the whole event, the rest is what queries look for. */
export type EventText = {
  readonly at: number;
  readonly type: string;
  readonly machine: string | null;
  readonly slot: string | null;
  readonly boot: string | null;
  readonly body: string;
};

/** One `Store.commit`. */
export type CommitText = { readonly rows: readonly RowText[]; readonly events: readonly EventText[] };

/**
 * A group of commits as one flat list, which crosses between threads for a seventh of what the same costs as objects: of
 * each commit the number of its rows and of its events, then their fields.
 */
export type PackedCommits = readonly (string | number | null)[];

/** Per commit of a group: where its events begin, or why it alone was refused. */
export type CommitAnswer =
  | { readonly ok: true; readonly firstSeq: number }
  | { readonly ok: false; readonly error: ErrorText };

/** A page of a query; `beforeSeq` goes on where a newest-first page ended. */
export type EventPage = EventQuery & { readonly beforeSeq?: number };
export type StoredEvent = { readonly seq: number; readonly body: string };

/** What the worker can be asked, with its answer. */
export type Calls = {
  readonly open: {
    readonly args: { readonly path: string };
    readonly answer: { readonly epoch: string; readonly lastSeq: number; readonly rows: readonly RowText[] };
  };
  readonly commit: { readonly args: PackedCommits; readonly answer: readonly CommitAnswer[] };
  readonly events: { readonly args: EventPage; readonly answer: readonly StoredEvent[] };
  readonly pruneEvents: {
    readonly args: PruneLimits;
    /** `done: false`: a bounded part of the work is done, ask again. */
    readonly answer: { readonly deleted: number; readonly unacked: number; readonly done: boolean };
  };
  readonly shrink: { readonly args: null; readonly answer: { readonly done: boolean } };
  readonly injectFaults: { readonly args: Faults; readonly answer: null };
  readonly close: { readonly args: null; readonly answer: null };
};
export type CallName = keyof Calls;

export type Request = {
  readonly [N in CallName]: { readonly id: number; readonly name: N; readonly args: Calls[N]['args'] };
}[CallName];

/** The id of a request that wants no answer. */
export const NO_ANSWER = 0;

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorText };

/** An AppError on its way between threads. */
export type ErrorText = { readonly code: ErrorCode; readonly message: string; readonly cause: string };
