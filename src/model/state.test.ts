import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import { isIdentifyingMac, type MacAddress } from '../kernel/mac.ts';
import { type Binding, type Boot, type BootId, bindingKey } from './boot.ts';
import { type Lease, leaseKey } from './lease.ts';
import type { Evidence, Machine, MachineId } from './machine.ts';
import { applyChanges, createState } from './state.ts';
import type { Change, SiteState } from './store.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);

const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02', '00:00:00:00:00:00'] as MacAddress[];
const uuids = ['11111111-2222-3333-4444-555555555555', '00000000-0000-0000-0000-000000000000'];
const addresses = ['10.0.0.5', '10.0.0.6'] as Ipv4[];
const machineIds = ['m2', 'm9', 'm10'] as MachineId[];
const slots = ['pos-1', 'pos-2'];
const small = fc.integer({ min: 0, max: 3 });

const evidence: fc.Arbitrary<Evidence> = fc
  .oneof(
    fc.record({ kind: fc.constant('mac' as const), value: fc.constantFrom(...macs) }),
    fc.record({ kind: fc.constant('uuid' as const), value: fc.constantFrom(...uuids) }),
    fc.record({ kind: fc.constant('serial' as const), value: fc.constantFrom('A', 'B') }),
  )
  .map((known) => ({ ...known, source: 'dhcp' as const, firstSeen: 1, lastSeen: 1 }));

const machineChange: fc.Arbitrary<Change> = fc
  .record({ id: fc.constantFrom(...machineIds), evidence: fc.array(evidence, { maxLength: 4 }), gone: fc.boolean() })
  .map(({ id, evidence: known, gone }) => ({
    table: 'machines',
    key: id,
    row: gone ? null : { id, evidence: known },
  }));

const bindingChange: fc.Arbitrary<Change> = fc
  .record({
    slot: fc.constantFrom(...slots),
    number: small,
    machine: fc.constantFrom(...machineIds),
    since: small,
    gone: fc.boolean(),
  })
  .map(({ gone, ...row }) => ({
    table: 'bindings',
    key: bindingKey(row.slot, row.number),
    row: gone ? null : { ...row, health: 'waiting' as const },
  }));

const bootChange: fc.Arbitrary<Change> = fc
  .record({ number: fc.constantFrom(1, 9, 10, 11), machine: fc.constantFrom(...machineIds), gone: fc.boolean() })
  .map(({ number, machine, gone }) => {
    const id = `b${number}` as BootId;
    const row: Boot = { id, machine, mac: macs[0] as MacAddress, openedAt: 1, stage: 'seen', reached: {} };
    return { table: 'boots', key: id, row: gone ? null : row };
  });

const leaseChange: fc.Arbitrary<Change> = fc
  .record({
    client: fc.constantFrom(...macs),
    network: fc.constantFrom('nodes', 'office'),
    address: fc.constantFrom(...addresses),
    state: fc.constantFrom('bound' as const, 'released' as const, 'declined' as const),
    expiresAt: small,
    gone: fc.boolean(),
  })
  .map(({ gone, ...given }) => {
    const row: Lease = { ...given, mac: given.client, holder: 'os', startedAt: 0 };
    return { table: 'leases', key: leaseKey(given.network, given.client), row: gone ? null : row };
  });

const counterChange: fc.Arbitrary<Change> = fc
  .record({ key: fc.constantFrom('boot', 'machine'), row: fc.option(small, { nil: null }) })
  .map(({ key, row }) => ({ table: 'counters', key, row }));

const change = fc.oneof(machineChange, bindingChange, bootChange, leaseChange, counterChange);

/** The same answers without an index: sort everything, take the first. */
function naively(changes: readonly Change[]) {
  const rows = new Map<string, Change>();
  for (const each of changes) rows.set(`${each.table} ${each.key}`, each);
  const all = <Row>(table: Change['table']) =>
    [...rows.values()]
      .filter((each) => each.table === table && each.row !== null)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map((each) => each.row as Row);
  const first = <Row>(list: readonly Row[], ...orders: ((row: Row) => number)[]) =>
    [...list].sort((a, b) => orders.map((by) => by(b) - by(a)).find((order) => order !== 0) ?? 0)[0];
  const count = (row: { id: string }) => Number(row.id.slice(1));
  const rank = { bound: 2, declined: 1, released: 0 };
  const current = (slot: string) =>
    first(
      all<Binding>('bindings').filter((b) => b.slot === slot),
      (b) => b.number,
    );
  return {
    counters: [...rows.values()].filter((each) => each.table === 'counters' && each.row !== null).length,
    lease: (address: Ipv4) =>
      first(
        all<Lease>('leases').filter((lease) => lease.network === 'nodes' && lease.address === address),
        (lease) => rank[lease.state],
        (lease) => lease.expiresAt,
      ),
    leaseOfMac: (mac: MacAddress) =>
      first(
        all<Lease>('leases').filter((lease) => isIdentifyingMac(mac) && lease.mac === mac),
        (lease) => rank[lease.state],
        (lease) => lease.expiresAt,
      ),
    machine: (kind: 'mac' | 'uuid', value: string) =>
      first(
        all<Machine>('machines').filter(
          (m) => !value.startsWith('00') && m.evidence.some((e) => e.kind === kind && e.value === value),
        ),
        count,
      ),
    boot: (machine: MachineId) =>
      first(
        all<Boot>('boots').filter((boot) => boot.machine === machine),
        count,
      ),
    current,
    bound: (machine: MachineId) =>
      first(
        all<Binding>('bindings').filter((b) => b.machine === machine && current(b.slot) === b),
        (b) => b.since,
      ),
  };
}

function naiveAnswers(changes: readonly Change[]) {
  const expected = naively(changes);
  return {
    leases: addresses.map(expected.lease),
    leasesOfMacs: macs.map(expected.leaseOfMac),
    macs: macs.map((mac) => expected.machine('mac', mac)),
    uuids: uuids.map((uuid) => expected.machine('uuid', uuid)),
    boots: machineIds.map(expected.boot),
    bound: machineIds.map(expected.bound),
    current: slots.map(expected.current),
    counters: expected.counters,
  };
}

function answersOf(state: SiteState) {
  return {
    leases: addresses.map((address) => state.leaseOfAddress('nodes', address)),
    leasesOfMacs: macs.map((mac) => state.leaseOfMac(mac)),
    macs: macs.map((mac) => state.machineWith('mac', mac)),
    uuids: uuids.map((uuid) => state.machineWith('uuid', uuid)),
    boots: machineIds.map((id) => state.latestBoot(id)),
    bound: machineIds.map((id) => state.bindingOfMachine(id)),
    current: slots.map((slot) => state.currentBinding(slot)),
    counters: state.counters.size,
  };
}

describe('the state of a site', () => {
  it('answers from its indexes what a search through all rows would answer', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const state = createState();
        for (const each of changes) applyChanges(state, [each]);
        expect(answersOf(state)).toEqual(naiveAnswers(changes));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('counts boots by their number, also where the clock went back', () => {
    const boot = (id: string, openedAt: number): Boot => ({
      id: id as BootId,
      machine: 'm1' as MachineId,
      mac: macs[0] as MacAddress,
      revision: 'r' as Digest,
      openedAt,
      stage: 'seen',
      reached: {},
    });
    const rows = [boot('b9', 2_000), boot('b10', 1_000)];
    const state = createState(rows.map((row) => ({ table: 'boots', key: row.id, row })));
    expect(state.latestBoot('m1' as MachineId)?.id).toBe('b10');
  });

  it('finds a machine by mac and uuid only', () => {
    const machine: Machine = {
      id: 'm1' as MachineId,
      evidence: [
        { kind: 'uuid', value: uuids[0]?.toUpperCase() ?? '', source: 'dhcp', firstSeen: 1, lastSeen: 1 },
        { kind: 'serial', value: 'A', source: 'script', firstSeen: 1, lastSeen: 1 },
      ],
    };
    const state = createState([{ table: 'machines', key: 'm1', row: machine }]);
    expect(state.machineWith('uuid', uuids[0] ?? '')).toBe(machine);
    expect(state.machineWith('serial', 'A')).toBeUndefined();
  });
});
