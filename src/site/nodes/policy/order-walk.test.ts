import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InstallWorld, installProfile, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import type { Command } from '../../../model/commands.ts';
import { machineCode } from '../../../model/identity.ts';
import { ARMED, COMPLETIONS, isLive } from '../../../model/order.ts';

type Act = (world: InstallWorld) => void;

const mac = fc.constantFrom(POS_MAC, OTHER_MAC);
const slot = fc.constantFrom('pos-1', 'pos-2');
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constant<Command>({ kind: 'arm' }),
  fc.record({ kind: fc.constantFrom('claim' as const, 'replace' as const), slot, code: mac.map(machineCode) }),
  fc.record({ kind: fc.constantFrom('release' as const, 'confirm' as const), slot }),
  fc.record({ kind: fc.constant('reinstall' as const), slot, wipe: fc.boolean() }),
  fc.record({ kind: fc.constant('hold' as const), slot, on: fc.boolean() }),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          powerOn(world, m),
    ),
  },
  {
    weight: 2,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          world.kernel(m),
    ),
  },
  {
    weight: 3,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          world.secret(m),
    ),
  },
  {
    weight: 2,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          world.osAddress(m),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(mac, fc.nat(200_000)).map(
      ([m, ago]): Act =>
        (world) =>
          world.phoneHome(m, ago),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(30 * 60_000).map(
      (ms): Act =>
        (world) =>
          world.tick(ms),
    ),
  },
  {
    weight: 4,
    arbitrary: command.map(
      (c): Act =>
        (world) =>
          void world.tell(c),
    ),
  },
);

/** Switches a machine on; if it is told to install, the promise is looked at there and then. */
function powerOn(world: InstallWorld, m: typeof POS_MAC): void {
  const answer = world.decide(m);
  if (answer.kind === 'install') {
    world.installs -= 1;
    checkPermission(world, answer.order);
  }
  world.powerOn(m);
}

function checkPermission({ state, now }: InstallWorld, id: string): void {
  const order = state.orders.get(id);
  expect(state.marks.has(ARMED)).toBe(true);
  expect(order && isLive(order, now) && order.attempts < order.maxAttempts).toBe(true);
  expect(state.currentBinding(order?.slot ?? '')?.number).toBe(order?.binding);
}

function checkOrders({ state }: InstallWorld): void {
  for (const order of state.orders.values()) {
    expect(order.attempts).toBeLessThanOrEqual(order.maxAttempts);
    const others = state.ordersOf(order.slot).filter(({ state: { kind } }) => kind === 'open' || kind === 'installing');
    expect(others.length).toBeLessThanOrEqual(1);
    for (const { binding } of others) expect(binding).toBe(state.currentBinding(order.slot)?.number);
  }
}

/** What was true before a step and must stay so. */
function checkKept({ state }: InstallWorld, before: Before): void {
  for (const [id, { state: was }] of before.orders)
    if (was.kind === 'confirmed' || was.kind === 'void') expect(state.orders.get(id)?.state).toEqual(was);
  for (const [key, { health, installed }] of before.bindings) {
    const now = state.bindings.get(key);
    expect([now?.health === 'enrolled' || health !== 'enrolled', now?.installed !== undefined || !installed]).toEqual([
      true,
      true,
    ]);
  }
  for (const [id, { outcome }] of before.boots) if (outcome) expect(state.boots.get(id)?.outcome).toEqual(outcome);
}

type Before = Pick<InstallWorld['state'], 'orders' | 'bindings' | 'boots'>;

function copyOf({ state }: InstallWorld): Before {
  return { orders: new Map(state.orders), bindings: new Map(state.bindings), boots: new Map(state.boots) };
}

it('whatever happens and whatever is wanted: no install without a live order, and what is confirmed stays so', () => {
  const counted: Record<string, number> = { confirmed: 0, parked: 0, void: 0, installs: 0, fenced: 0 };
  const count = (name: string): void => {
    counted[name] = (counted[name] ?? 0) + 1;
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...COMPLETIONS),
      fc.boolean(),
      fc.array(act, { minLength: 30, maxLength: 60 }),
      (by, armed, acts) => {
        const world = new InstallWorld(installProfile(by), { armed });
        for (const run of acts) {
          const before = copyOf(world);
          run(world);
          checkOrders(world);
          checkKept(world, before);
        }
        for (const { state } of world.state.orders.values()) count(state.kind);
        for (let i = 0; i < world.installs; i++) count('installs');
        for (const key of world.state.marks.keys()) if (key.startsWith('fenced/')) count('fenced');
      },
    ),
    { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 300 },
  );
  // The walk went where the promises are.
  expect(Object.entries(counted).filter(([, times]) => times <= 10)).toEqual([]);
});
