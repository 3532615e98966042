import { formatDuration } from '../../../kernel/duration.ts';
import type { Binding, Boot } from '../../../model/boot.ts';
import type { Machine } from '../../../model/machine.ts';
import { decisiveOrder, type Order, type OrderedBy, type OrderId } from '../../../model/order.ts';
import type { InstallPlan, Slot } from '../../../model/revision.ts';
import type { Context } from './context.ts';
import { revisionOf } from './context.ts';
import { advanceOrder, type OrderInput, type OrderStep } from './order-machine.ts';

/** What stands behind an order that is given now. */
export type Giving = {
  readonly slot: Slot;
  readonly plan: InstallPlan;
  readonly binding: Binding;
  readonly by: OrderedBy;
  readonly at: number;
  readonly wipe: boolean;
};

/** Writes an order down: open, or waiting if another one of the slot has not ended. */
export function giveOrder({ draft }: Context, { slot, plan, binding, by, at, wipe }: Giving): Order {
  const isSecond = draft.ordersOf(slot.name).some(hasNotEnded);
  const order: Order = {
    id: `o${draft.count('orders')}` as OrderId,
    slot: slot.name,
    binding: binding.number,
    profile: slot.profile.digest,
    by,
    createdAt: at,
    expiresAt: at + plan.withinSeconds * 1_000,
    attempts: 0,
    maxAttempts: plan.attempts,
    wipe,
    state: { kind: isSecond ? 'waiting' : 'open' },
  };
  draft.putOrder(order);
  const who = by.kind === 'person' ? by.name : `template ${by.name}, as the first install of its slot`;
  const wait = isSecond ? '; it waits for the one before it' : '';
  const sentence = `${slot.name}: install of ${slot.profile.name} ordered by ${who}${wipe ? ', disk erased first' : ''}${wait}`;
  draft.say({ type: 'order-given', at, sentence, machine: binding.machine, slot: slot.name, data: dataOf(order) });
  return order;
}

const EVENT_OF = {
  turn: 'order-given',
  wiped: 'order-wiped',
  attempt: 'order-attempt',
  'disk-failed': 'order-given',
  spent: 'order-parked',
  complete: 'order-confirmed',
  expire: 'order-parked',
  void: 'order-void',
} as const satisfies Record<OrderInput, string>;

/** Feeds an input to an order and tells what came of it; when it ends, the next one that waits has its turn. */
export function stepOrder(context: Context, order: Order, on: OrderInput, given: OrderStep): Order {
  const { draft } = context;
  const next = advanceOrder(order, on, given);
  if (next === order) return order;
  draft.putOrder(next);
  const type = next.state.kind === 'void' ? 'order-void' : EVENT_OF[on];
  const machine = draft.bindings.get(`${order.slot}#${order.binding}`)?.machine;
  draft.say({
    type,
    at: given.at,
    sentence: `${order.slot}: ${sentenceOf(next, on)}`,
    slot: order.slot,
    ...(machine ? { machine } : {}),
    ...(given.boot ? { boot: given.boot } : {}),
    data: dataOf(next),
  });
  if (!hasNotEnded(next)) nextInLine(context, next, given.at);
  return next;
}

/** Voids all orders of a slot that have not ended. */
export function voidOrders(context: Context, slot: string, at: number, because: string): void {
  // The newest first: so that no order has its turn only to be void the moment after.
  for (const order of context.draft.ordersOf(slot)) stepOrder(context, order, 'void', { at, because });
}

export function hasNotEnded({ state }: Order): boolean {
  return state.kind === 'open' || state.kind === 'installing' || state.kind === 'waiting';
}

function nextInLine(context: Context, ended: Order, at: number): void {
  const orders = context.draft.ordersOf(ended.slot);
  const waiting = orders.findLast(({ state, binding }) => state.kind === 'waiting' && binding === ended.binding);
  const isFree = !orders.some(({ state }) => state.kind === 'open' || state.kind === 'installing');
  if (waiting && isFree) stepOrder(context, waiting, 'turn', { at });
}

/** The order that the current binding of a machine works on: the newest that is open, installing or parked. */
export function orderOfMachine({ draft }: Context, machine: Machine): Order | undefined {
  const binding = draft.bindingOfMachine(machine.id);
  const newest = binding && decisiveOrder(draft, binding);
  return newest && newest.state.kind !== 'confirmed' && newest.state.kind !== 'void' ? newest : undefined;
}

/** The boots that belong to an order, the oldest first. */
export function bootsOfOrder({ draft }: Context, order: Order): Boot[] {
  const boots = [...draft.boots.values()].filter((boot) => boot.order === order.id);
  return boots.sort((a, b) => a.openedAt - b.openedAt);
}

/** How the install of an order is to go, after the revision that its boot began with; undefined: the slot is gone. */
export function planOf(context: Context, order: Order, boot: Boot | undefined): InstallPlan | undefined {
  const profile = revisionOf(context, boot)?.slots[order.slot]?.profile;
  return profile?.kind === 'install' ? profile.install : undefined;
}

/**
 * The machine begins anew after its disk was tried, and nothing has confirmed the install: it failed. Only a boot of
 * the same NIC by the same kind of client shows that: firmware that is sent to its disk asks by its other ways first
 * (OVMF by IPv6 and HTTP), and an install that is good must not be done again before its disk had its turn.
 */
export function judgeDisk(context: Context, machine: Machine, former: Boot, at: number): void {
  const order = orderOfMachine(context, machine);
  if (former.outcome?.kind !== 'local' || order?.state.kind !== 'installing' || order.state.boot === former.id) return;
  const isSpent = order.attempts >= order.maxAttempts;
  const because = `${order.attempts} of ${order.maxAttempts} attempts did not complete`;
  stepOrder(context, order, isSpent ? 'spent' : 'disk-failed', { at, because });
}

function sentenceOf(order: Order, on: OrderInput): string {
  const tries = `attempt ${order.attempts} of ${order.maxAttempts}`;
  switch (on) {
    case 'turn':
      return `the install ordered by ${order.by.name} has its turn`;
    case 'wiped':
      return `the disk is erased in boot ${order.wiped}, and in no later one of this order`;
    case 'attempt':
      return `its installer has fetched its configuration, ${tries}`;
    case 'disk-failed':
      return `nothing confirmed the install, ${tries}; the next attempt may begin`;
    case 'complete':
      return `installed, ${tries}`;
    default:
      return 'because' in order.state ? `no install: ${order.state.because}` : 'no install';
  }
}

/** Why an order ended that ran out of time at `at`. */
export function lateness(order: Order, at: number): string {
  if (at < order.expiresAt) return 'the clock of the site was set back to before it was given';
  const within = formatDuration(order.expiresAt - order.createdAt);
  return order.attempts === 0 ? `nobody began it within ${within}` : `it was not complete within ${within}`;
}

function dataOf(order: Order): Readonly<Record<string, unknown>> {
  const { id, binding, attempts, maxAttempts, state, by, wipe, wiped } = order;
  const done = wiped === undefined ? {} : { wiped };
  return { order: id, binding, attempts, maxAttempts, state: state.kind, by: by.name, wipe, ...done };
}
