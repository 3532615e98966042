import { expect, it } from 'vitest';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { Lease } from '../../../model/lease.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { createState } from '../../../model/state.ts';
import type { Change } from '../../../model/store.ts';
import { forgetMachines } from './forget.ts';

const macOf = (n: number) => `52:54:00:00:00:0${n}`;
const machine = (n: number, lastSeen: number): Change => {
  const evidence = [{ kind: 'mac', value: macOf(n), source: 'dhcp', firstSeen: 1, lastSeen } as const];
  return { table: 'machines', key: `m${n}`, row: { id: `m${n}` as MachineId, evidence } satisfies Machine };
};
const boot = (id: string, of: string, closedAt?: number): Change => ({
  table: 'boots',
  key: id,
  row: {
    id: id as BootId,
    machine: of as MachineId,
    mac: macOf(1),
    openedAt: 1,
    stage: 'seen',
    reached: {},
    ...(closedAt ? { closedAt } : {}),
  } as Boot,
});
const lease = (n: number): Change => ({
  table: 'leases',
  key: `nodes/${n}`,
  row: {
    network: 'nodes',
    client: macOf(n),
    mac: macOf(n),
    address: '10.0.0.9',
    state: 'bound',
    holder: 'os',
    startedAt: 1,
    expiresAt: 2,
  } as Lease,
});
const binding = (n: number): Change => ({
  table: 'bindings',
  key: `s${n}#1`,
  row: { slot: `s${n}`, number: 1, machine: `m${n}` as MachineId, since: 1, health: 'waiting' },
});
const dropped = (rows: Change[], maxMachines: number, beforeMs = 100) =>
  forgetMachines(createState(rows), { beforeMs, maxMachines }).map(({ table, key, row }) => {
    expect(row).toBeNull();
    return `${table} ${key}`;
  });

it('drops a machine that was not seen for long, with its boots', () => {
  const rows: Change[] = [machine(1, 99), machine(2, 100), boot('b1', 'm1', 5)];
  expect(dropped(rows, 10)).toEqual(['machines m1', 'boots b1']);
});

it.each<[string, Change]>([
  ['fills or filled a slot', binding(1)],
  ['has an open boot', boot('b1', 'm1')],
  ['holds a lease', lease(1)],
])('keeps a machine that %s', (_why, row) => {
  expect(dropped([machine(1, 1), row], 0)).toEqual([]);
});

it('drops the longest unseen beyond the number that memory allows', () => {
  expect(dropped([machine(1, 300), machine(2, 200), machine(3, 400)], 2)).toEqual(['machines m2']);
});

it('keeps what is a part of another machine, with its boots, as long as that one', () => {
  const former = (n: number, merged?: Machine['merged']): Machine => ({
    ...{ id: `m${n}` as MachineId, evidence: [] },
    ...(merged ? { merged } : {}),
  });
  const parts = [{ former: former(2, [{ former: former(3), at: 1, by: 'cli' }]), at: 2, by: 'cli' }];
  const whole = (lastSeen: number): Change => {
    const row = machine(1, lastSeen).row as Machine;
    return { table: 'machines', key: 'm1', row: { ...row, merged: parts } };
  };
  const rows = [2, 3].map((n): Change => ({ table: 'machines', key: `m${n}`, row: former(n) }));
  const boots = [boot('b2', 'm2', 5), boot('b3', 'm3', 5)];
  expect(dropped([whole(100), ...rows, ...boots], 10)).toEqual([]);
  expect(dropped([whole(99), ...rows, ...boots], 10)).toEqual(['machines m1']);
});
