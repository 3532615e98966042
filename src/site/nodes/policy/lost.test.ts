import { describe, expect, it } from 'vitest';
import { leaseChange, POS_MAC, sampleLease, sampleRevision, T0 } from '../../../../test/support/sample-site.ts';
import type { Binding, Boot, BootId } from '../../../model/boot.ts';
import type { Lease } from '../../../model/lease.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { healthOf } from './lost.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';
import { viewNodes } from './views.ts';

const LEASE_MS = 1_800_000;
const machine: Machine = {
  id: 'm1' as MachineId,
  evidence: [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }],
};
const enrolled: Binding = { slot: 'pos-1', number: 1, machine: machine.id, since: T0, health: 'enrolled' };
const up: Boot = {
  ...{ id: 'b1' as BootId, machine: machine.id, mac: POS_MAC, slot: 'pos-1', openedAt: T0, stage: 'done', reached: {} },
  ...{ outcome: { kind: 'live' }, closedAt: T0 },
};
/** Renewed at T0. */
const lease = sampleLease({ expiresAt: T0 + LEASE_MS });

function stateWith({
  binding = enrolled,
  boot = up,
  row = lease,
}: {
  binding?: Binding;
  boot?: Boot;
  row?: Lease;
} = {}) {
  return createState([
    { table: 'machines', key: machine.id, row: machine },
    { table: 'bindings', key: 'pos-1#1', row: binding },
    { table: 'boots', key: boot.id, row: boot },
    leaseChange(row),
  ]);
}

function health(state: ReturnType<typeof stateWith>, now: number, listeningSince = 0) {
  const binding = state.currentBinding('pos-1');
  return binding && healthOf(binding, { state, revision: sampleRevision(), now, listeningSince }).kind;
}

describe('the health of a node', () => {
  it('goes by the renewals of its lease', () => {
    const state = stateWith();
    expect(health(state, T0 + LEASE_MS - 1)).toBe('healthy');
    expect(health(state, T0 + 2 * LEASE_MS)).toBe('unknown');
    expect(health(state, T0 + 2 * LEASE_MS + 1)).toBe('lost');
  });

  it('is not judged by silence that the site slept through', () => {
    const state = stateWith();
    const restart = T0 + 24 * 3_600_000;
    expect(health(state, restart + 2 * LEASE_MS, restart)).toBe('unknown');
    expect(health(state, restart + 2 * LEASE_MS + 1, restart)).toBe('lost');
  });

  it('is unknown of who was never up, shut down in order, boots, or has the lease of a loader', () => {
    const late = T0 + 100 * LEASE_MS;
    const { outcome: _outcome, closedAt: _closedAt, ...open } = up;
    expect(health(stateWith({ binding: { ...enrolled, health: 'waiting' } }), late)).toBe('unknown');
    expect(health(stateWith({ row: { ...lease, state: 'released' } }), late)).toBe('unknown');
    expect(health(stateWith({ boot: { ...open, stage: 'kernel' } }), late)).toBe('unknown');
    expect(health(stateWith({ row: { ...lease, holder: 'firmware' } }), late)).toBe('unknown');
  });

  it('is told once when it is lost, and once when it is heard again', () => {
    const state = stateWith();
    const told: (readonly [string, string])[] = [];
    const tick = (at: number) => {
      const given = { memory: new Memory(), revision: sampleRevision() };
      const { changes, events } = reduce(state, [{ kind: 'tick', at, listeningSince: T0 }], given);
      applyChanges(state, changes);
      told.push(...events.map(({ type, sentence }) => [type, sentence] as const));
    };
    const late = T0 + 2 * LEASE_MS + 1;
    tick(late);
    tick(late + 10_000);
    expect(state.currentBinding('pos-1')?.lostSince).toBe(T0);
    const context = { state, revision: sampleRevision(), now: late, progressOf: () => undefined };
    expect(viewNodes(context).nodes[0]).toMatchObject({ state: 'lost', since: T0 });
    applyChanges(state, [leaseChange({ ...lease, expiresAt: late + 60_000 + LEASE_MS })]);
    tick(late + 60_000);
    tick(late + 70_000);
    expect(told).toEqual([
      [
        'node-lost',
        'pos-1 is lost: its system was not heard for 1 h. Is it on? Look at its screen and at its network cable.',
      ],
      ['node-healthy', 'pos-1 is heard again, after 1 h 1 min'],
    ]);
    expect(state.currentBinding('pos-1')).not.toHaveProperty('lostSince');
  });
});
