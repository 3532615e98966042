import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstallWorld, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import type { Command } from '../../../model/commands.ts';
import { ARMED, DOUBT } from '../../../model/order.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { viewNodes, viewStatus } from '../../nodes/policy/views.ts';
import { stateEntries } from './state-entries.ts';
import { isFresh, type Stated, takeOver } from './take-over.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const numRuns = Number(process.env['SLIPWAY_RUNS'] ?? 60);

/** What head office has of this site, as a new appliance gets it. */
function stated({ state, revision, now }: InstallWorld): readonly Stated[] {
  const context = { state, revision, now, showsCodes: false, progressOf: () => undefined };
  const status = viewStatus({
    ...{ ...context, siteName: 'store-1', addresses: [], notReady: [], templateRefused: undefined },
    assetState: () => ({ kind: 'absent' }),
  });
  const entries = stateEntries({ state, status, nodes: viewNodes(context), version: '1', since: 1, others: {} });
  return [...entries]
    .filter(([key]) => /^(slots|orders)\//.test(key))
    .map(([key, value]) => ({ key, value: JSON.parse(JSON.stringify(value)) as unknown }));
}

/** A new appliance in the same store. */
function replaced(old: InstallWorld): InstallWorld {
  const fresh = new InstallWorld(undefined, { armed: false });
  fresh.setClock(old.now + 3_600_000);
  const taken = takeOver(stated(old), fresh.state, fresh.now);
  if (!taken.ok) throw new Error(taken.error);
  applyChanges(fresh.state, taken.value.changes);
  return fresh;
}

function installed(): InstallWorld {
  const world = new InstallWorld();
  world.powerOn(POS_MAC);
  world.install(POS_MAC);
  world.phoneHome(POS_MAC);
  return world;
}

function installedIn({ state }: InstallWorld) {
  return ['pos-1', 'pos-2'].map((name) => state.currentBinding(name)?.installed);
}

describe('a new appliance', () => {
  it('takes machines, bindings and confirmed orders, and boots what is on the disks', () => {
    const old = installed();
    const fresh = replaced(old);
    const [before, after] = [old.state.currentBinding('pos-1'), fresh.state.currentBinding('pos-1')];
    expect(after).toEqual({ ...before, machine: 'm1', enrolledBy: undefined });
    expect(fresh.order()).toMatchObject({ id: 'o1', state: { kind: 'confirmed', by: 'phone-home' } });
    expect(fresh.state.marks.get(ARMED)?.by).toBe('head office');
    expect(fresh.powerOn(POS_MAC)).toBe('local');
    expect(stated(fresh).filter(({ key }) => key === 'orders/pos-1')).toEqual(
      stated(old).filter(({ key }) => key === 'orders/pos-1'),
    );
  });

  it('installs again only what a person orders, under a number that was never used', () => {
    const fresh = replaced(installed());
    fresh.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(fresh.order()?.id).toBe('o2');
    expect(fresh.powerOn(POS_MAC)).toBe('install');
  });

  it('orders nothing by itself for a slot that head office knows nothing of', () => {
    const fresh = replaced(installed());
    const { 'pos-2': slot } = fresh.revision.slots;
    if (slot) fresh.revision = { ...fresh.revision, slots: { 'pos-2': { ...slot, match: [{ mac: OTHER_MAC }] } } };
    expect(fresh.powerOn(OTHER_MAC)).toBe('local');
    expect(fresh.state.currentBinding('pos-2')?.number).toBe(1);
    expect(fresh.order('pos-2')).toBeUndefined();
    expect(fresh.state.marks.get(DOUBT)?.because).toContain('took the place of another one');
  });

  it('stays disarmed where nothing was ever done', () => {
    const taken = takeOver(stated(new InstallWorld()), createState(), 1);
    expect(taken).toEqual({ ok: true, value: { changes: [], events: [] } });
  });

  it('takes nothing over once something was done there', () => {
    const old = installed();
    for (const world of [new InstallWorld(), installed()]) {
      expect(isFresh(world.state)).toBe(false);
      expect(takeOver(stated(old), world.state, 1)).toEqual({ ok: false, error: 'something was done here already' });
    }
  });

  it('keeps the row of a machine that it has heard before', () => {
    const fresh = new InstallWorld(undefined, { armed: false });
    fresh.revision = { ...fresh.revision, slots: {} };
    fresh.powerOn(OTHER_MAC);
    fresh.powerOn(POS_MAC);
    const known = fresh.state.machineWith('mac', POS_MAC)?.id;
    const taken = takeOver(stated(installed()), fresh.state, fresh.now);
    if (!taken.ok) throw new Error(taken.error);
    applyChanges(fresh.state, taken.value.changes);
    expect(fresh.state.currentBinding('pos-1')?.machine).toBe(known);
    expect(fresh.state.machines.size).toBe(2);
  });

  const change = (key: string, to: (value: Record<string, unknown>) => unknown): readonly Stated[] =>
    stated(installed()).map((one) =>
      one.key === key ? { key, value: to(one.value as Record<string, unknown>) } : one,
    );
  it.each<[string, readonly Stated[], string]>([
    ['that is no object', change('slots/pos-1', () => 7), 'slots/pos-1 cannot be read'],
    [
      'with a number that is none',
      change('slots/pos-1', (v) => ({ ...v, binding: 1.5 })),
      'slots/pos-1 cannot be read',
    ],
    ['with a MAC that is none', change('slots/pos-1', (v) => ({ ...v, macs: ['x'] })), 'slots/pos-1 cannot be read'],
    [
      'with an order of another form',
      change('orders/pos-1', (v) => ({ ...v, order: 'x1' })),
      'orders/pos-1 cannot be read',
    ],
    [
      'without the machine of an order',
      change('slots/pos-1', (v) => ({ ...v, macs: [] })),
      'the machine of order o1 in pos-1 is not named',
    ],
    [
      'with one order twice',
      [
        ...change('', () => 0),
        { key: 'orders/pos-2', value: change('', () => 0).find(({ key }) => key === 'orders/pos-1')?.value },
      ],
      'two slots name one order',
    ],
  ])('takes nothing of entries %s', (_, entries, error) => {
    expect(takeOver(entries, createState(), 1)).toEqual({ ok: false, error });
  });

  it('never installs by itself what was confirmed before it, whatever was done until then', () => {
    const mac = fc.constantFrom(POS_MAC, OTHER_MAC);
    const slot = fc.constantFrom('pos-1', 'pos-2');
    type Act = (world: InstallWorld) => unknown;
    const command: fc.Arbitrary<Command> = fc.oneof(
      fc.record({ kind: fc.constantFrom('claim' as const, 'replace' as const), slot, code: mac.map(sampleCode) }),
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
              world.powerOn(m),
        ),
      },
      {
        weight: 5,
        arbitrary: mac.map(
          (m): Act =>
            (world) => {
              world.powerOn(m);
              world.install(m);
              world.phoneHome(m);
            },
        ),
      },
      {
        weight: 4,
        arbitrary: command.map(
          (c): Act =>
            (world) =>
              world.tell(c),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.nat(90).map(
          (m): Act =>
            (world) =>
              world.tick(m * 60_000),
        ),
      },
    );
    let takenOver = 0;
    const check = (before: readonly Act[], after: readonly (typeof POS_MAC)[]): void => {
      const old = new InstallWorld();
      for (const run of before) run(old);
      const fresh = replaced(old);
      const was = installedIn(old);
      expect(installedIn(fresh)).toEqual(was);
      takenOver += was.filter(Boolean).length;
      const orders = fresh.state.orders.size;
      for (const m of after) fresh.powerOn(m);
      expect([fresh.installs, fresh.state.orders.size]).toEqual([0, orders]);
    };
    const walk = fc.array(act, { maxLength: 14 });
    fc.assert(fc.property(walk, fc.array(mac, { minLength: 2, maxLength: 6 }), check), { seed, numRuns });
    expect(takenOver).toBeGreaterThan(numRuns / 10);
  });
});
