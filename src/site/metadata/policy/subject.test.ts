import { describe, expect, it } from 'vitest';
import { OTHER_MAC, POS_MAC, POS_UUID, sampleRevision, sampleSlot, T0 } from '../../../../test/support/sample-site.ts';
import type { EvidenceKind, Machine, MachineId } from '../../../model/machine.ts';
import { createState } from '../../../model/state.ts';
import { findSubject } from './subject.ts';

function machine(id: string, evidence: Partial<Record<EvidenceKind, string>>): Machine {
  const rows = Object.entries(evidence) as [EvidenceKind, string][];
  return {
    id: id as MachineId,
    evidence: rows.map(([kind, value]) => ({ kind, value, source: 'script', firstSeen: T0, lastSeen: T0 })),
  };
}

const pos = machine('m1', { mac: POS_MAC, uuid: POS_UUID, serial: 'CZC1' });
const other = machine('m2', { mac: OTHER_MAC, serial: 'CZC2' });
const state = createState([
  { table: 'machines', key: 'm1', row: pos },
  { table: 'machines', key: 'm2', row: other },
  {
    table: 'bindings',
    key: 'pos-1#2',
    row: { slot: 'pos-1', number: 2, machine: pos.id, since: T0, health: 'waiting' },
  },
]);
const revision = sampleRevision({
  slots: { 'pos-1': sampleSlot(), 'pos-2': sampleSlot({ name: 'pos-2', match: [{ serial: 'NEW1' }] }) },
});

describe('whom an id means', () => {
  it.each([
    'pos-1',
    POS_MAC,
    '52-54-00-00-00-01',
    '525400000001',
    '52:54:00:00:00:01'.toUpperCase(),
    POS_UUID,
    POS_UUID.toUpperCase(),
    'CZC1',
  ])('%s is the machine in pos-1', (id) => {
    expect(findSubject(id, state, revision, T0)).toMatchObject({
      kind: 'slot',
      slot: { name: 'pos-1' },
      binding: 2,
      machine: { id: 'm1' },
      mac: POS_MAC,
    });
  });

  it('a slot that nobody fills has its documents already, for its first binding', () => {
    expect(findSubject('pos-2', state, revision, T0)).toMatchObject({
      kind: 'slot',
      binding: 1,
      machine: undefined,
      mac: undefined,
    });
    expect(findSubject('NEW1', state, revision, T0)).toMatchObject({ kind: 'slot', slot: { name: 'pos-2' } });
  });

  it('a machine about to fill a slot has the number that it will get', () => {
    const replaced = sampleRevision({ slots: { 'pos-1': sampleSlot({ match: [{ mac: OTHER_MAC }] }) } });
    expect(findSubject(OTHER_MAC, state, replaced, T0)).toMatchObject({ kind: 'slot', binding: 3 });
    expect(findSubject(OTHER_MAC, createState(), replaced, T0)).toMatchObject({ kind: 'slot', binding: 1 });
  });

  it.each([OTHER_MAC, 'CZC2', '02:00:00:00:00:07', 'ffffffff-0000-4000-8000-000000000001'])(
    '%s has no slot yet',
    (id) => {
      expect(findSubject(id, state, revision, T0).kind).toBe('pending');
    },
  );

  it.each([
    '',
    'pos-9',
    'toString',
    '__proto__',
    '00:00:00:00:00:00',
    '00000000-0000-0000-0000-000000000000',
    'None',
    '../pos-1',
  ])('%j is nobody', (id) => {
    expect(findSubject(id, state, revision, T0)).toEqual({ kind: 'unknown' });
  });

  it('a serial number that two machines have names neither', () => {
    const twins = createState([
      { table: 'machines', key: 'm1', row: machine('m1', { mac: POS_MAC, serial: 'SAME' }) },
      { table: 'machines', key: 'm2', row: machine('m2', { mac: OTHER_MAC, serial: 'SAME' }) },
    ]);
    expect(findSubject('SAME', twins, revision, T0)).toEqual({ kind: 'unknown' });
  });
});
