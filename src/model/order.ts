import type { Digest } from '../kernel/digest.ts';
import type { Binding, BootId } from './boot.ts';
import type { OrderId } from './order-id.ts';

export type { OrderId } from './order-id.ts';

/** Who wants an install: a person at the appliance, or the first filling of a slot of an armed site. */
export type OrderedBy = { readonly kind: 'person' | 'revision'; readonly name: string };

/** How an install proves that it is complete; the profile says which one counts. */
export const COMPLETIONS = ['phone-home', 'report', 'talos-running', 'api', 'disk-boot'] as const;
export type Completion = (typeof COMPLETIONS)[number];

/**
 * Permission to install once on the machine of one binding. No order, no install.
 * `open`: waits for its machine. `installing`: the machine has fetched its configuration, which counts as an attempt.
 * `waiting`: another order for the slot came first.
 */
export type OrderState =
  | { readonly kind: 'open' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'installing'; readonly boot: BootId; readonly since: number }
  | { readonly kind: 'confirmed'; readonly at: number; readonly boot?: BootId; readonly by: Completion }
  | { readonly kind: 'parked'; readonly at: number; readonly because: string }
  | { readonly kind: 'void'; readonly at: number; readonly because: string };

export type Order = {
  readonly id: OrderId;
  readonly slot: string;
  readonly binding: number;
  /** What is to be installed: the digest of the slot's profile when the order was given. */
  readonly profile: Digest;
  readonly by: OrderedBy;
  readonly createdAt: number;
  /** After this nothing is installed any more; so a restored database cannot bring an old order back to life. */
  readonly expiresAt: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  /** The disk is erased first. One order, one wipe. */
  readonly wipe: boolean;
  /** The boot whose kernel went out whole with the words that erase the disk: no later boot of the order has them. */
  readonly wiped?: BootId;
  readonly state: OrderState;
};

/** Whether an order may still lead to an install at `now`. A clock that is set back before its creation counts as over. */
export function isLive(order: Order, now: number): boolean {
  const { kind } = order.state;
  return (kind === 'open' || kind === 'installing') && now < order.expiresAt && now >= order.createdAt - CLOCK_SLACK_MS;
}

/** What NTP may take back without a person noticing. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** The year 2020. A clock that shows less was never set: a box without a battery begins in 1970, or some years later. */
const SET_CLOCKS_SHOW = 1_577_836_800_000;

/** Why a site without the right time installs nothing: no order ever ends by a clock that begins anew with each start. */
export function whyNotByClock(now: number): { readonly because: string; readonly toDo: string } | undefined {
  if (now >= SET_CLOCKS_SHOW) return undefined;
  return { because: 'the clock of this site was never set', toDo: 'set its clock, or let NTP set it' };
}

/** A thing that is so until it is taken back, or until its time is over: `armed`, or `hold/pos-1`. */
export type Mark = { readonly at: number; readonly by: string; readonly because?: string; readonly until?: number };

/** Keys of marks. */
export const ARMED = 'armed';
export function holdMark(slot: string): string {
  return `hold/${slot}`;
}
/**
 * The log of orders and the database did not agree once: what is installed here is not known for certain. From then on
 * only a person orders installs, slot by slot.
 */
export const DOUBT = 'doubt';
/** No revision comes into force; orders and boots go on. */
export const FREEZE = 'freeze';
/** An image that a person of the site keeps here, by its whole name. */
export const IMAGE_PIN = 'image-pin/';
/** A wanted image that came to be here whole, by its name: which one, and by which revision it is wanted. */
export function imageHereMark(name: string): string {
  return `image-here/${name}`;
}
/** A machine that was replaced; it is told so on its own screen when it comes back. */
export function fencedMark(machine: string): string {
  return `fenced/${machine}`;
}

/** All orders of a slot, the newest first. A store has a handful of slots with a handful of orders each: no index. */
export function ordersOf(slot: string, orders: ReadonlyMap<string, Order>): readonly Order[] {
  const own = [...orders.values()].filter((order) => order.slot === slot);
  return own.sort((a, b) => Number(b.id.slice(1)) - Number(a.id.slice(1)));
}

/** The order that says what happens to a binding: its newest. One that waits for its turn decides nothing yet. */
export function decisiveOrder(
  state: { ordersOf(slot: string): readonly Order[] },
  { slot, number }: Pick<Binding, 'slot' | 'number'>,
): Order | undefined {
  return state.ordersOf(slot).find((order) => order.binding === number && order.state.kind !== 'waiting');
}
