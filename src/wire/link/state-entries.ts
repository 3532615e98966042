import type { Completion, OrderedBy } from '../../model/order.ts';
import type { FleetSlotView } from '../api/fleet-views.ts';
import type { SiteStatus } from '../api/views.ts';

/** What a site says of itself under each key, latest wins. Times are of its clock. Other keys: `alarms` (AlarmView[]), `images` (ImageEntry[]), `apply`, `freeze`. */
export type SiteEntry = Pick<
  SiteStatus,
  'ready' | 'notReady' | 'armed' | 'doubt' | 'noInstalls' | 'revision' | 'held' | 'missingSecrets'
> & { readonly version: string; readonly since: number };

/** Key `slots/NAME`. What is behind `macs` is for the appliance that takes over. */
export type SlotEntry = FleetSlotView & {
  readonly macs?: readonly string[];
  /** When its machine came into the slot, and who said so; missing: the template did. */
  readonly boundAt?: number;
  readonly placedBy?: string;
  readonly enrolledAt?: number;
  /** A person said that nothing is installed here. */
  readonly hold?: { readonly at: number; readonly by: string; readonly because?: string };
};

/** Key `orders/NAME`: the order that made what is on the disk of the machine in the slot. */
export type OrderEntry = {
  readonly slot: string;
  readonly order: string;
  readonly binding: number;
  readonly profileDigest: string;
  readonly at: number;
  readonly by: OrderedBy;
  readonly proof: Completion;
};
