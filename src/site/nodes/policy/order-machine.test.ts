import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { T0 } from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { BootId } from '../../../model/boot.ts';
import type { Order, OrderId, OrderState } from '../../../model/order.ts';
import {
  advanceOrder,
  ORDER_INPUTS,
  ORDER_TRANSITIONS,
  type OrderInput,
  type OrderStateKind,
  renderOrderDiagram,
} from './order-machine.ts';

const states: Readonly<Record<OrderStateKind, OrderState>> = {
  open: { kind: 'open' },
  waiting: { kind: 'waiting' },
  installing: { kind: 'installing', boot: 'b1' as BootId, since: T0 },
  confirmed: { kind: 'confirmed', at: T0, by: 'api' },
  parked: { kind: 'parked', at: T0, because: 'over' },
  void: { kind: 'void', at: T0, because: 'gone' },
};

function orderIn(kind: OrderStateKind): Order {
  return {
    id: 'o1' as OrderId,
    slot: 'pos-1',
    binding: 1,
    profile: 'e'.repeat(64) as Digest,
    by: { kind: 'person', name: 'cli' },
    createdAt: T0,
    expiresAt: T0 + 1,
    attempts: 1,
    maxAttempts: 3,
    wipe: true,
    state: states[kind],
  };
}

const step = { at: T0 + 9, boot: 'b2' as BootId, by: 'phone-home', because: 'a reason' } as const;

/** Written by hand, not taken from the table: state, input, state afterwards, attempts afterwards. */
const expected: readonly (readonly [OrderStateKind, OrderInput, OrderState, number])[] = [
  ['waiting', 'turn', { kind: 'open' }, 1],
  ['waiting', 'expire', { kind: 'void', at: T0 + 9, because: 'a reason' }, 1],
  ['waiting', 'void', { kind: 'void', at: T0 + 9, because: 'a reason' }, 1],
  ['open', 'wiped', { kind: 'open' }, 1],
  ['open', 'attempt', { kind: 'installing', boot: 'b2' as BootId, since: T0 + 9 }, 2],
  ['open', 'complete', { kind: 'confirmed', at: T0 + 9, by: 'phone-home', boot: 'b2' as BootId }, 1],
  ['open', 'expire', { kind: 'parked', at: T0 + 9, because: 'a reason' }, 1],
  ['open', 'void', { kind: 'void', at: T0 + 9, because: 'a reason' }, 1],
  ['installing', 'wiped', states.installing, 1],
  ['installing', 'attempt', { kind: 'installing', boot: 'b2' as BootId, since: T0 + 9 }, 2],
  ['installing', 'disk-failed', { kind: 'open' }, 1],
  ['installing', 'spent', { kind: 'parked', at: T0 + 9, because: 'a reason' }, 1],
  ['installing', 'complete', { kind: 'confirmed', at: T0 + 9, by: 'phone-home', boot: 'b2' as BootId }, 1],
  ['installing', 'expire', { kind: 'parked', at: T0 + 9, because: 'a reason' }, 1],
  ['installing', 'void', { kind: 'void', at: T0 + 9, because: 'a reason' }, 1],
  ['parked', 'complete', { kind: 'confirmed', at: T0 + 9, by: 'phone-home', boot: 'b2' as BootId }, 1],
];

describe('the transitions of an order', () => {
  it.each(expected)('%s, %s: %o', (from, on, state, attempts) => {
    const after = { ...orderIn(from), state, attempts, ...(on === 'wiped' ? { wiped: step.boot } : {}) };
    expect(advanceOrder(orderIn(from), on, step)).toEqual(after);
  });

  it('all are tested here', () => {
    expect(expected.map(([from, on, { kind }]) => `${from} ${on} ${kind}`).sort()).toEqual(
      ORDER_TRANSITIONS.map(({ from, on, to }) => `${from} ${on} ${to}`).sort(),
    );
  });

  it('an unlisted pair keeps the order as it is', () => {
    const pairs = Object.keys(states).flatMap((from) => Object.keys(ORDER_INPUTS).map((on) => [from, on] as const));
    const unlisted = pairs.filter(([from, on]) => !expected.some(([f, o]) => f === from && o === on));
    expect(unlisted.length).toBe(6 * 8 - expected.length);
    for (const [from, on] of unlisted) {
      const order = orderIn(from as OrderStateKind);
      expect(advanceOrder(order, on as OrderInput, step)).toBe(order);
    }
  });

  it('one boot is one attempt, however often it fetches', () => {
    const order = orderIn('installing');
    expect(advanceOrder(order, 'attempt', { at: T0 + 9, boot: 'b1' as BootId })).toBe(order);
  });

  it('one order is one wipe, and none unless it says so', () => {
    const done: Order = { ...orderIn('open'), wiped: 'b1' as BootId };
    expect(advanceOrder(done, 'wiped', step)).toBe(done);
    const plain: Order = { ...orderIn('open'), wipe: false };
    expect(advanceOrder(plain, 'wiped', step)).toBe(plain);
  });

  it('are drawn in docs/order-states.md', () => {
    const page = readFileSync(new URL('../../../../docs/order-states.md', import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`mermaid\n${renderOrderDiagram()}\`\`\`\n`);
    for (const [input, meaning] of Object.entries(ORDER_INPUTS))
      expect(page).toContain(`| \`${input}\` | ${meaning} |`);
  });
});
