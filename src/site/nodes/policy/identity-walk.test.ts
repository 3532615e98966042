import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InstallWorld, installProfile, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import { leaseChange, POS_UUID, sampleLease } from '../../../../test/support/sample-site.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Command } from '../../../model/commands.ts';
import { findSlot } from '../../../model/identity.ts';
import { macsOf } from '../../../model/machine.ts';
import { ARMED, isLive } from '../../../model/order.ts';
import { applyChanges } from '../../../model/state.ts';

type Act = (world: InstallWorld) => void;

const THIRD_MAC = '52:54:00:00:00:03' as MacAddress;
const MACS = [POS_MAC, OTHER_MAC, THIRD_MAC];
const mac = fc.constantFrom(...MACS);
const slot = fc.constantFrom('pos-1', 'pos-2');
const name = fc.constantFrom('pos-1', 'pos-2', 'm1', 'm2', 'm3', 'm4', ...MACS, ...MACS.map(sampleCode));
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('merge' as const), keep: name, other: name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('split' as const), machine: name, part: name }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'replace' as const),
      slot,
      code: mac.map(sampleCode),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reinstall' as const), slot, wipe: fc.constant(false) }) },
);

/** A NIC asks for an address, with the UUID of one box or with none. */
const hears = fc.record({ mac, uuid: fc.boolean(), client: fc.constantFrom('firmware' as const, 'os' as const) }).map(
  ({ uuid, client, ...who }): Act =>
    (world) =>
      world.see({
        ...{ kind: 'dhcp', ...who, client, clientKind: client === 'os' ? 'os' : 'bios', message: 'request' },
        ...(uuid ? { uuid: POS_UUID } : {}),
      }),
);
/** Everybody is off for a while; then a machine shows its code, and is to take a slot over. */
const swaps = fc.tuple(mac, slot).map(
  ([m, where]): Act =>
    (world) => {
      world.tick(11 * 60_000);
      powerOn(world, m);
      tell(world, { kind: 'replace', slot: where, code: sampleCode(m) });
    },
);
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          powerOn(world, m),
    ),
  },
  { weight: 4, arbitrary: hears },
  { weight: 1, arbitrary: swaps },
  {
    weight: 1,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          world.install(m),
    ),
  },
  {
    weight: 1,
    arbitrary: mac.map(
      (m): Act =>
        (world) =>
          world.phoneHome(m),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(20 * 60_000).map(
      (ms): Act =>
        (world) =>
          world.tick(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(mac, fc.boolean()).map(
      ([m, bound]): Act =>
        (world) =>
          lease(world, m, bound),
    ),
  },
  {
    weight: 6,
    arbitrary: command.map(
      (c): Act =>
        (world) =>
          tell(world, c),
    ),
  },
);

function lease({ state, now }: InstallWorld, m: MacAddress, bound: boolean): void {
  const row = sampleLease({ mac: m, client: m, state: bound ? 'bound' : 'released', expiresAt: now + 600_000 });
  applyChanges(state, [leaseChange(row)]);
}

const done: Record<string, number> = {};

function tell(world: InstallWorld, wanted: Command): void {
  if (!isDone(world.tell(wanted))) return;
  done[wanted.kind] = (done[wanted.kind] ?? 0) + 1;
}

/** Whoever is told to install has an order for the slot that it fills. */
function powerOn(world: InstallWorld, m: MacAddress): void {
  const answer = world.decide(m);
  if (answer.kind === 'install') {
    const { state, now } = world;
    const order = state.orders.get(answer.order);
    const binding = state.currentBinding(order?.slot ?? '');
    expect(state.marks.has(ARMED) && order && isLive(order, now) && binding?.number === order.binding).toBe(true);
    expect(binding?.machine).toBe(state.machineWith('mac', m)?.id);
    done['install'] = (done['install'] ?? 0) + 1;
  }
  world.powerOn(m);
}

function check({ state }: InstallWorld): void {
  const owners = [...state.machines.values()].flatMap(macsOf);
  expect(owners.length).toBe(new Set(owners).size);
  const uuids = [...state.machines.values()].filter(({ evidence }) => evidence.some(({ kind }) => kind === 'uuid'));
  expect(uuids.length).toBeLessThanOrEqual(1);
  const filled = ['pos-1', 'pos-2'].flatMap((one) => state.currentBinding(one) ?? []);
  const machines = filled.map(({ machine }) => machine);
  expect(machines.length).toBe(new Set(machines).size);
  for (const id of machines) expect(state.machines.get(id)?.evidence.length).toBeGreaterThan(0);
  const open = [...state.boots.values()].filter(({ outcome }) => !outcome);
  expect(open.length).toBe(new Set(open.map(({ machine }) => machine)).size);
  for (const { machine, mac: own } of open) expect(state.machineWith('mac', own)?.id).toBe(machine);
}

/** A site after a random walk. */
const worlds = fc.array(acts, { minLength: 20, maxLength: 50 });
function worldAfter(run: readonly Act[], each: (world: InstallWorld) => void = () => undefined): InstallWorld {
  const world = new InstallWorld(installProfile());
  const { slots } = world.revision;
  const two = slots['pos-2'];
  if (two)
    world.revision = { ...world.revision, slots: { ...slots, 'pos-2': { ...two, match: [{ mac: THIRD_MAC }] } } };
  for (const act of run) {
    act(world);
    each(world);
  }
  return world;
}

/** What must be as before: all but when it was heard last, the boots that were ended, and who is kept apart. */
function factsOf({ state, revision, now }: InstallWorld, ids: readonly string[]): unknown {
  const { bindings, orders, marks, leases } = state;
  const rows = ids.map((id) => {
    const found = state.machines
      .get(id)
      ?.evidence.map((row) => `${row.kind} ${row.value} ${row.source} ${row.firstSeen}`);
    return [id, found?.sort()];
  });
  const whose = MACS.map((m) => state.machineWith('mac', m)?.id).map((id) => (id && ids.includes(id) ? id : undefined));
  const places = MACS.map((m) => findSlot({ mac: m }, state, revision, now));
  const slotsOf = places.map((place) => (place.kind === 'none' ? place.kind : `${place.kind} ${place.slot.name}`));
  return { rows, whose, slotsOf, tables: [bindings, orders, marks, leases].map((table) => [...table]) };
}

function isDone(said: string): boolean {
  return !said.startsWith('command-refused') && !said.startsWith('not-found');
}

const undone = { merge: 0, split: 0, refused: 0 };

function mergeAndSplit(world: InstallWorld, keep: string, other: string): void {
  const ids = [...world.state.machines.keys()];
  const before = factsOf(world, ids);
  const isMerged = isDone(world.tell({ kind: 'merge', keep, other }));
  if (isMerged) expect(isDone(world.tell({ kind: 'split', machine: keep, part: other }))).toBe(true);
  expect(factsOf(world, ids)).toEqual(before);
  undone[isMerged ? 'merge' : 'refused'] += 1;
}

/** The part of a machine that is fenced off is fenced off too; for the rest all is as before. */
function splitAndMerge(world: InstallWorld, m: MacAddress): void {
  const whole = world.state.machineWith('mac', m)?.id ?? '';
  const facts = () => ({ ...(factsOf(world, [whole]) as object), tables: [...world.state.bindings] });
  const before = facts();
  if (!isDone(world.tell({ kind: 'split', machine: whole, part: m }))) return;
  const freed = world.state.machineWith('mac', m)?.id ?? '';
  expect(isDone(world.tell({ kind: 'merge', keep: whole, other: freed }))).toBe(true);
  expect(facts()).toEqual(before);
  undone.split += 1;
}

it('merge and split undo each other, whatever was before; one that is refused changes nothing', () => {
  fc.assert(
    fc.property(worlds, (run) => {
      const world = worldAfter(run);
      const ids = [...world.state.machines.keys()];
      for (const keep of ids) for (const other of ids) mergeAndSplit(world, keep, other);
      for (const m of MACS) splitAndMerge(world, m);
    }),
  );
  expect(Math.min(...Object.values(undone))).toBeGreaterThan(10);
});

it('whatever is merged, split, claimed, released and replaced: one MAC is one machine, and one machine fills one slot', () => {
  fc.assert(
    fc.property(worlds, (run) => {
      const world = worldAfter(run, check);
      const told = world.events.filter(({ data }) => typeof data?.['mac'] === 'string' && data['from'] !== undefined);
      done['by-uuid'] = (done['by-uuid'] ?? 0) + told.length;
    }),
  );
  // The walk went where the promises are.
  const kinds = ['merge', 'split', 'claim', 'replace', 'release', 'install', 'by-uuid'];
  expect(kinds.filter((kind) => (done[kind] ?? 0) < 5)).toEqual([]);
});
