import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleProfile, sampleSlot, T0 } from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { Binding, BootId } from '../../../model/boot.ts';
import type { MachineId } from '../../../model/machine.ts';
import { holdMark, isLive, type Order, type OrderId, type OrderState } from '../../../model/order.ts';
import { createState } from '../../../model/state.ts';
import type { Change } from '../../../model/store.ts';
import { mayInstall } from './install-permit.ts';

const slot = sampleSlot({ profile: sampleProfile({ kind: 'install', name: 'pos' }) });
const other = 'f'.repeat(64) as Digest;

function binding(number = 1, machine = 'm1'): Binding {
  return { slot: 'pos-1', number, machine: machine as MachineId, since: T0, health: 'waiting' };
}

function order(changes: Partial<Order> = {}): Order {
  return {
    id: 'o1' as OrderId,
    slot: 'pos-1',
    binding: 1,
    profile: slot.profile.digest,
    by: { kind: 'person', name: 'cli' },
    createdAt: T0,
    expiresAt: T0 + 60_000,
    attempts: 0,
    maxAttempts: 3,
    wipe: false,
    state: { kind: 'open' },
    ...changes,
  };
}

type World = {
  readonly bindings?: readonly Binding[];
  readonly orders?: readonly Order[];
  readonly held?: boolean;
};

function stateOf({ bindings = [binding()], orders = [order()], held = false }: World) {
  return createState([
    ...bindings.map((row): Change => ({ table: 'bindings', key: `${row.slot}#${row.number}`, row })),
    ...orders.map((row): Change => ({ table: 'orders', key: row.id, row })),
    ...(held ? [{ table: 'marks', key: holdMark('pos-1'), row: { at: T0, by: 'page' } } as const] : []),
  ]);
}

function ask(world: World = {}, { asks = binding() as Binding | undefined, now = T0, armed = true } = {}) {
  return mayInstall(stateOf(world), slot, asks, now, armed);
}

const attempted: OrderState = { kind: 'installing', boot: 'b1' as BootId, since: T0 };

describe('an install', () => {
  it('is allowed by an open order of the binding', () => {
    expect(ask()).toMatchObject({ kind: 'yes', order: { id: 'o1' }, attempt: 1 });
  });

  it.each([
    ['not armed', {}, { armed: false }, 'this site is not armed yet: it installs nothing'],
    ['held', { held: true }, {}, 'pos-1 is held by page'],
    ['another machine', {}, { asks: binding(2, 'm2') }, 'this machine does not fill pos-1'],
    ['nobody', {}, { asks: undefined }, 'this machine does not fill pos-1'],
    ['an old binding', { bindings: [binding(), binding(2, 'm2')] }, {}, 'this machine does not fill pos-1'],
    ['no order', { orders: [] }, {}, 'no order: it boots its own disk'],
    ['an order of another binding', { orders: [order({ binding: 2 })] }, {}, 'no order: it boots its own disk'],
    ['only a waiting one', { orders: [order({ state: { kind: 'waiting' } })] }, {}, 'no order: it boots its own disk'],
    ['too late', {}, { now: T0 + 60_000 }, 'its order was not carried out in time'],
    ['a clock that was set back', {}, { now: T0 - 600_000 }, 'its order was not carried out in time'],
    ['a clock in 1970', {}, { now: 0 }, 'the clock of this site was never set'],
    [
      'a clock in 1970 that ordered it',
      { orders: [order({ createdAt: 0, expiresAt: 60_000 })] },
      { now: 30_000 },
      'the clock of this site was never set',
    ],
    ['another template', { orders: [order({ profile: other })] }, {}, 'its order is for an earlier version of pos'],
    [
      'parked',
      { orders: [order({ state: { kind: 'parked', at: T0, because: 'three failures' } })] },
      {},
      'parked: three failures',
    ],
    [
      'void',
      { orders: [order({ state: { kind: 'void', at: T0, because: 'a restored database' } })] },
      {},
      'its order is void: a restored database',
    ],
    ['done', { orders: [order({ state: { kind: 'confirmed', at: T0, by: 'phone-home' } })] }, {}, 'it is installed'],
    [
      'an older open order behind one that is done',
      { orders: [order(), order({ id: 'o2' as OrderId, state: { kind: 'confirmed', at: T0, by: 'api' } })] },
      {},
      'it is installed',
    ],
    ['used up', { orders: [order({ attempts: 3 })] }, {}, 'parked: 3 of 3 attempts did not complete'],
  ])('is refused: %s', (_name, world, asked, because) => {
    const permit = ask(world, { ...(asked as object) });
    expect(
      'asks' in asked && asked.asks === undefined ? mayInstall(stateOf(world), slot, undefined, T0, true) : permit,
    ).toMatchObject({ kind: 'no', because });
  });

  it('of the first order goes on while a later one waits', () => {
    const later = order({ id: 'o2' as OrderId, state: { kind: 'waiting' } });
    expect(ask({ orders: [order(), later] })).toMatchObject({ kind: 'yes', order: { id: 'o1' } });
  });
});

describe('after an attempt', () => {
  it.each([
    [1, 'attempt 2 of 3 begins'],
    [3, 'the site says what to do'],
  ])('the disk is tried first (%i of 3)', (attempts, next) => {
    expect(ask({ orders: [order({ attempts, state: attempted })] })).toMatchObject({
      kind: 'no',
      because: `its installer has run (attempt ${attempts} of 3), and now its disk is tried`,
      toDo: `if nothing starts from the disk, switch the machine off and on, then ${next}`,
    });
  });

  it('the next one begins when the disk was tried in vain', () => {
    expect(ask({ orders: [order({ attempts: 1 })] })).toMatchObject({ kind: 'yes', attempt: 2 });
  });
});

describe('in any state', () => {
  const states = fc.constantFrom<OrderState>(
    { kind: 'open' },
    { kind: 'open' },
    { kind: 'open' },
    { kind: 'waiting' },
    attempted,
    { kind: 'confirmed', at: T0, by: 'api' },
    { kind: 'parked', at: T0, because: 'x' },
    { kind: 'void', at: T0, because: 'x' },
  );
  const orders = fc.array(
    fc.record({
      binding: fc.integer({ min: 1, max: 2 }),
      attempts: fc.integer({ min: 0, max: 4 }),
      expiresAt: fc.integer({ min: T0 - 1, max: T0 + 3 }),
      profile: fc.constantFrom(slot.profile.digest, slot.profile.digest, slot.profile.digest, other),
      state: states,
    }),
    { minLength: 1, maxLength: 4 },
  );
  it('no install without an armed site, the current binding, a live order of it and an attempt left', () => {
    let allowed = 0;
    const property = fc.property(
      orders,
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 1, max: 2 }),
      fc.constantFrom(true, true, false),
      fc.constantFrom(false, false, true),
      (givenOrders, bindingCount, asking, armed, held) => {
        const rows = givenOrders.map((changes, i) => order({ id: `o${i + 1}` as OrderId, ...changes }));
        const bindings = Array.from({ length: bindingCount }, (_, i) => binding(i + 1, `m${i + 1}`));
        const state = stateOf({
          orders: rows,
          bindings,
          held,
        });
        const permit = mayInstall(state, slot, bindings[asking - 1], T0, armed);
        if (permit.kind === 'no') {
          expect(permit.because).not.toBe('');
          return;
        }
        allowed += 1;
        expect({ armed, held, current: bindings[asking - 1]?.number }).toEqual({
          armed: true,
          held: false,
          current: bindingCount,
        });
        const newest = rows.filter((row) => row.binding === bindingCount && row.state.kind !== 'waiting').at(-1);
        expect(permit.order).toEqual(newest);
        expect(permit.order.state.kind).toBe('open');
        expect(isLive(permit.order, T0) && permit.order.attempts < permit.order.maxAttempts).toBe(true);
        expect(permit.attempt).toBe(permit.order.attempts + 1);
      },
    );
    fc.assert(property, { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 3_000 });
    expect(allowed).toBeGreaterThan(20);
  });
});
