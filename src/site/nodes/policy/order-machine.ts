import type { BootId } from '../../../model/boot.ts';
import type { Completion, Order, OrderState } from '../../../model/order.ts';

/** What can happen to an order, in the words of its state machine. */
export const ORDER_INPUTS = {
  turn: 'the order before it ended',
  wiped: 'a kernel went out whole with the words that erase the disk',
  attempt: 'the installer fetched its configuration',
  'disk-failed': 'the machine came back from its disk unconfirmed, and attempts are left',
  spent: 'the machine came back from its disk unconfirmed, and no attempt is left',
  complete: 'the install is complete',
  expire: 'its time is over',
  void: 'the slot has another machine or none, or the site cannot vouch for the order any more',
} as const;
export type OrderInput = keyof typeof ORDER_INPUTS;

export type OrderStateKind = OrderState['kind'];
export type OrderTransition = {
  readonly from: OrderStateKind;
  readonly on: OrderInput;
  readonly to: OrderStateKind;
};

/**
 * The life of an order. A pair that is not listed changes nothing. `confirmed` and `void` are for ever; an install that
 * ends after it was parked is still an install that is there, and so is confirmed.
 */
export const ORDER_TRANSITIONS: readonly OrderTransition[] = [
  { from: 'waiting', on: 'turn', to: 'open' },
  { from: 'waiting', on: 'expire', to: 'void' },
  { from: 'waiting', on: 'void', to: 'void' },

  { from: 'open', on: 'wiped', to: 'open' },
  { from: 'open', on: 'attempt', to: 'installing' },
  // The site was killed before it could write down the attempt.
  { from: 'open', on: 'complete', to: 'confirmed' },
  { from: 'open', on: 'expire', to: 'parked' },
  { from: 'open', on: 'void', to: 'void' },

  // An installer without a configuration of its own is counted by its kernel.
  { from: 'installing', on: 'wiped', to: 'installing' },
  { from: 'installing', on: 'attempt', to: 'installing' },
  { from: 'installing', on: 'disk-failed', to: 'open' },
  { from: 'installing', on: 'spent', to: 'parked' },
  { from: 'installing', on: 'complete', to: 'confirmed' },
  { from: 'installing', on: 'expire', to: 'parked' },
  { from: 'installing', on: 'void', to: 'void' },

  { from: 'parked', on: 'complete', to: 'confirmed' },
];

/** What an input brings along, as far as the next state keeps it. */
export type OrderStep = {
  readonly at: number;
  readonly boot?: BootId;
  readonly by?: Completion;
  readonly because?: string;
};

/**
 * The order after an input, or the very same order if that changes nothing. One boot is at most one attempt, and one
 * order at most one wipe.
 */
export function advanceOrder(order: Order, on: OrderInput, step: OrderStep): Order {
  const row = ORDER_TRANSITIONS.find(({ from, on: input }) => from === order.state.kind && input === on);
  if (!row) return order;
  if (on === 'wiped')
    return !order.wipe || order.wiped !== undefined || step.boot === undefined ? order : { ...order, wiped: step.boot };
  if (on !== 'attempt') return { ...order, state: stateOf(row.to, step) };
  if (order.state.kind === 'installing' && order.state.boot === step.boot) return order;
  return { ...order, attempts: order.attempts + 1, state: stateOf(row.to, step) };
}

function stateOf(kind: OrderStateKind, { at, boot, by = 'api', because = '' }: OrderStep): OrderState {
  switch (kind) {
    case 'installing':
      return { kind, boot: boot ?? ('' as BootId), since: at };
    case 'confirmed':
      return { kind, at, by, ...(boot === undefined ? {} : { boot }) };
    case 'parked':
    case 'void':
      return { kind, at, because };
    case 'open':
    case 'waiting':
      return { kind };
  }
}

/** The table as a Mermaid diagram, for docs/order-states.md. */
export function renderOrderDiagram(rows: readonly OrderTransition[] = ORDER_TRANSITIONS): string {
  const lines = new Map<string, OrderInput[]>();
  for (const { from, on, to } of rows) {
    const arrow = `${from} --> ${to}`;
    lines.set(arrow, [...(lines.get(arrow) ?? []), on]);
  }
  const arrows = [...lines].map(([arrow, inputs]) => `    ${arrow} : ${inputs.join(', ')}`);
  return ['stateDiagram-v2', '    [*] --> open', '    [*] --> waiting', ...arrows, ''].join('\n');
}
