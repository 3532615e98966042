import type { Approval } from '../../../model/fleet/approval.ts';
import type { FleetAlarmKind } from '../../../model/fleet/fleet-alarm.ts';
import type {
  DeadLetter,
  FleetSite,
  IssuedCertificate,
  Publication,
  PublicationSite,
  SiteSession,
} from '../../../model/fleet/hub-rows.ts';
import type { KeptFleetEvent } from '../../../model/fleet/hub-store.ts';
import type { LastBackup } from '../../../model/fleet/last-backup.ts';
import type { Backlog } from './backlog.ts';
import type { Waiting } from './waiting.ts';

/** All that alarms are made of, as it is at one time. Times are milliseconds since 1970. */
export type FleetFacts = {
  readonly now: number;
  /** A site that was not heard for so long is silent. */
  readonly silentAfterMs: number;
  readonly sites: readonly FleetSite[];
  readonly certificates: readonly IssuedCertificate[];
  readonly sessions: readonly SiteSession[];
  readonly deadLetters: readonly DeadLetter[];
  /** Events of the type `gap`, the newest first. */
  readonly gaps: readonly KeptFleetEvent[];
  readonly publications: readonly Publication[];
  /** How each site is with what it is to have. */
  readonly tries: readonly PublicationSite[];
  readonly waiting: readonly Waiting[];
  readonly backlogs: readonly Backlog[];
  readonly approvals: readonly Approval[];
  readonly backup: LastBackup | undefined;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number };
};

/** One thing that is not as it should be. */
export type Finding = {
  readonly kind: FleetAlarmKind;
  /** What it is about; one alarm per kind and subject. */
  readonly subject: string;
  readonly site?: string;
  /** When it began; missing: when it was first seen. */
  readonly since?: number;
  readonly sentence: string;
};
