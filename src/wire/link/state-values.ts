import type { FleetSlotView } from '../api/fleet-views.ts';
import type { AlarmView } from '../api/views.ts';

/**
 * What a site says of itself in its state entries, by their keys. Head office reads each with care: a site may be older or newer. Times are
 * of the site's clock.
 */
export type StateValues = {
  readonly site: SiteStateValue;
  /** Key `slots/NAME`. */
  readonly slots: SlotStateValue;
  /** Key `orders/NAME`: the confirmed order of the slot's binding. */
  readonly orders: OrderStateValue;
  readonly alarms: readonly AlarmView[];
  /** Missing: the store takes new revisions. */
  readonly freeze: { readonly until: number; readonly because?: string };
};

export type SiteStateValue = {
  readonly version: string;
  readonly template?: string;
  /** In force; 0: none. */
  readonly revision: number;
  /** Why it serves no machines; empty: it does. */
  readonly notReady: readonly string[];
  readonly since: number;
};
/** `place` is where the template has it among the slots. */
export type SlotStateValue = Omit<FleetSlotView, 'slot' | 'installed'> & { readonly place?: number };
export type OrderStateValue = {
  readonly order: string;
  readonly binding: number;
  readonly profileDigest: string;
  readonly at: number;
  readonly by: string;
};
