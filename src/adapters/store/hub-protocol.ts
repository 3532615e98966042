import type { Digest } from '../../kernel/digest.ts';
import type { HubTableName } from '../../model/fleet/hub-rows.ts';
import type {
  AppendVerdict,
  AuditEntry,
  AuditQuery,
  BackupFile,
  FleetEvent,
  FleetEventCount,
  FleetEventQuery,
  KeptFleetEvent,
  NewAuditEntry,
  RowQuery,
} from '../../model/fleet/hub-store.ts';
import type { Faults } from './faults.ts';
import type { ErrorText } from './protocol.ts';

type Op<Args, Answer> = (args: Args) => Answer;
export type HubRowText = { readonly key: string; readonly row: string };

/** What can be done in a unit of work; rows cross as JSON. */
export type HubOps = {
  readonly get: Op<{ readonly table: HubTableName; readonly key: string }, string | undefined>;
  readonly put: Op<{ readonly table: HubTableName } & HubRowText, void>;
  readonly delete: Op<{ readonly table: HubTableName; readonly key: string }, void>;
  readonly list: Op<{ readonly table: HubTableName } & RowQuery, readonly HubRowText[]>;
  readonly next: Op<string, number>;
  readonly appendEvents: Op<readonly FleetEvent[], readonly AppendVerdict[]>;
  readonly events: Op<FleetEventQuery, readonly KeptFleetEvent[]>;
  readonly countEvents: Op<FleetEventCount, number>;
  readonly appendAudit: Op<NewAuditEntry, AuditEntry>;
  readonly audit: Op<AuditQuery, readonly AuditEntry[]>;
  readonly putBlob: Op<{ readonly digest: Digest; readonly bytes: Uint8Array }, void>;
  readonly blob: Op<Digest, Uint8Array | undefined>;
  readonly deleteBlob: Op<Digest, void>;
};
export type HubOpName = keyof HubOps;
/** One step of a unit. */
export type HubStep = {
  readonly [N in HubOpName]: { readonly op: N; readonly args: Parameters<HubOps[N]>[0] };
}[HubOpName];

/** The lane of units that write; the others are looks, each with a connection of its own. */
export const WRITER = 0;

/**
 * What a lane is told. A unit is between `unit` and `keep` or `drop`; several of them, one after the other, may be between `begin`
 * and `commit`, which brings them to the disk together. A look is between `begin` and `end`.
 */
export type HubCommand =
  | { readonly do: 'begin' | 'unit' | 'keep' | 'drop' | 'commit' | 'end' }
  | { readonly do: 'step'; readonly step: HubStep };
/** Of each unit of a group, in order: why nothing of it is kept though it was to be; null: it is as it was told. */
export type GroupOutcome = readonly (ErrorText | null)[];
/** What a command answers: a step its own, `commit` a GroupOutcome. `error`: the unit of the step failed, the group cannot be committed. */
export type HubAnswer = { readonly value: unknown } | { readonly error: ErrorText };

type Call<Args, Answer> = { readonly args: Args; readonly answer: Answer };
/** What the worker of head office's store can be asked, with its answer. */
export type HubCalls = {
  readonly open: Call<{ readonly path: string; readonly isKept: boolean }, string>;
  /** All of them in order, also behind a step that failed: what follows in its unit is not done. An answer to each. */
  readonly run: Call<{ readonly lane: number; readonly commands: readonly HubCommand[] }, readonly HubAnswer[]>;
  readonly injectFaults: Call<Faults, null>;
  /** Of a thread of its own, which has nothing open: it may take long. */
  readonly backup: Call<
    { readonly database: string; readonly path: string; readonly files: readonly BackupFile[] },
    { readonly bytes: number }
  >;
  readonly close: Call<null, null>;
};
export type HubRequest = {
  readonly [N in keyof HubCalls]: { readonly id: number; readonly name: N; readonly args: HubCalls[N]['args'] };
}[keyof HubCalls];
