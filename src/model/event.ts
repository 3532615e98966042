import type { BootId } from './boot.ts';
import type { MachineId } from './machine.ts';

/** Everything that is written down as having happened. A new kind is a new row here and a line in docs/use/events. */
export const EVENT_TYPES = [
  'site-started',
  'site-stopped',
  'revision-applied',
  'revision-refused',
  'machine-seen',
  'machine-merged',
  'machine-split',
  'mac-contested',
  'machine-held',
  'slot-filled',
  'slot-conflict',
  'boot-opened',
  'boot-stage',
  'boot-closed',
  'node-enrolled',
  'node-reported',
  'site-armed',
  'site-disarmed',
  'command-refused',
  'order-given',
  'order-wiped',
  'order-attempt',
  'order-confirmed',
  'order-parked',
  'order-void',
  'slot-released',
  'slot-held',
  'machine-fenced',
  'boot-stalled',
  'node-lost',
  'node-healthy',
  'secret-fetched',
  'secret-refused',
  'secret-set',
  'secret-removed',
  'system-log',
  'lease-granted',
  'lease-moved',
  'lease-released',
  'address-declined',
  'address-conflict',
  'pool-exhausted',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Something that happened; `sentence` says it to a person, `data` to a program. */
export type NewEvent = {
  readonly type: EventType;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sentence: string;
  readonly machine?: MachineId;
  readonly slot?: string;
  readonly boot?: BootId;
  readonly data?: Readonly<Record<string, unknown>>;
};

/** An event as it is kept: appended once, numbered within an epoch of this database. */
export type Event = NewEvent & { readonly epoch: string; readonly seq: number; readonly version: 1 };
