import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InstallWorld, installProfile, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Command } from '../../../model/commands.ts';
import { ARMED, COMPLETIONS, isLive, whyNotByClock } from '../../../model/order.ts';
import { lastReached } from './advance.ts';
import { findStalls } from './stall.ts';

type Act = (world: InstallWorld) => void;

const mac = fc.constantFrom(POS_MAC, OTHER_MAC);
const slot = fc.constantFrom('pos-1', 'pos-2');
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constant<Command>({ kind: 'arm' }),
  fc.record({ kind: fc.constantFrom('claim' as const, 'replace' as const), slot, code: mac.map(sampleCode) }),
  fc.record({ kind: fc.constantFrom('release' as const, 'confirm' as const), slot }),
  fc.record({ kind: fc.constant('reinstall' as const), slot, wipe: fc.boolean() }),
  fc.record({ kind: fc.constant('hold' as const), slot, on: fc.boolean() }),
);
const doing = <T>(from: fc.Arbitrary<T>, run: (world: InstallWorld, what: T) => unknown): fc.Arbitrary<Act> =>
  from.map(
    (what): Act =>
      (world) =>
        void run(world, what),
  );
const minutes = (most: number) => fc.nat(most * 60_000);
/** A day ahead, an hour back, and the year 1970. */
const jump = fc.constantFrom(24 * 3_600_000, -3_600_000, Number.NEGATIVE_INFINITY);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 10, arbitrary: doing(mac, powerOn) },
  { weight: 4, arbitrary: doing(mac, (world, m) => world.kernel(m)) },
  { weight: 6, arbitrary: doing(mac, (world, m) => world.secret(m)) },
  { weight: 4, arbitrary: doing(mac, (world, m) => world.osAddress(m)) },
  { weight: 4, arbitrary: doing(fc.tuple(mac, fc.nat(200_000)), (world, [m, ago]) => world.phoneHome(m, ago)) },
  { weight: 2, arbitrary: doing(minutes(30), (world, ms) => world.tick(ms)) },
  { weight: 8, arbitrary: doing(command, (world, c) => world.tell(c)) },
  { weight: 3, arbitrary: doing(fc.nat(3), (world, lost) => world.restart(Math.min(lost, world.unsure))) },
  { weight: 2, arbitrary: doing(fc.tuple(fc.nat(20), minutes(60)), again) },
  { weight: 1, arbitrary: doing(jump, (world, ms) => world.setClock(Math.max(60_000, world.now + ms))) },
);

/** A signal of the last few once more, or long after those that came behind it. */
function again(world: InstallWorld, [back, lateMs]: readonly [number, number]): void {
  const signal = world.heard.at(-1 - back);
  if (signal) world.hear({ ...signal, at: Math.max(signal.at, world.now - lateMs) });
}

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
  expect(state.marks.has(ARMED) && whyNotByClock(now) === undefined).toBe(true);
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

/** Who stands still for a day is told of, with what a person does about it. */
function checkStalls(world: InstallWorld): number {
  const { state, memory, revision, now } = world;
  const clocks = {
    listeningSince: 0,
    revisionOf: () => revision,
    progressOf: (m: MacAddress) => memory.progressOf(m),
  };
  const later = Math.max(now, ...[...state.boots.values()].map(lastReached)) + 24 * 3_600_000;
  const stalls = findStalls(state, later, clocks);
  const open = [...state.boots.values()].filter(
    ({ id, machine, outcome }) => !outcome && state.latestBoot(machine)?.id === id,
  );
  expect(new Set(stalls.map(({ boot }) => boot.id))).toEqual(new Set(open.map(({ id }) => id)));
  for (const { stall } of stalls) expect([stall.cause, stall.nextStep]).not.toContain('');
  return stalls.length;
}

function takeStep(world: InstallWorld, run: Act): { readonly lost: number; readonly stalls: number } {
  const before = copyOf(world);
  const lostBefore = world.lost;
  run(world);
  const lost = world.lost - lostBefore;
  checkOrders(world);
  // What a kill took with it was promised to nobody.
  if (lost === 0) checkKept(world, before);
  return { lost, stalls: checkStalls(world) };
}

it('whatever happens and whatever is wanted: no install without a live order, and what is confirmed stays so', () => {
  const counted: Record<string, number> = {
    confirmed: 0,
    parked: 0,
    void: 0,
    installs: 0,
    fenced: 0,
    stalls: 0,
    lost: 0,
  };
  const count = (name: string, times = 1): void => {
    counted[name] = (counted[name] ?? 0) + times;
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...COMPLETIONS),
      fc.boolean(),
      fc.boolean(),
      fc.array(act, { minLength: 30, maxLength: 60 }),
      (by, armed, leases, acts) => {
        const world = new InstallWorld(installProfile(by), { armed, leases });
        for (const run of acts) {
          const { lost, stalls } = takeStep(world, run);
          count('lost', lost);
          count('stalls', stalls);
        }
        for (const { state } of world.state.orders.values()) count(state.kind);
        count('installs', world.installs);
        for (const key of world.state.marks.keys()) if (key.startsWith('fenced/')) count('fenced');
      },
    ),
    { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 300 },
  );
  // The walk went where the promises are.
  expect(Object.entries(counted).filter(([, times]) => times <= 10)).toEqual([]);
});
