import { describe, expect, it } from 'vitest';
import { OTHER_MAC, POS_MAC, POS_UUID, sampleRevision, sampleSlot, T0 } from '../../test/support/sample-site.ts';
import { findMachine, findSlot, machineCode, usableSerial, usableUuid } from './identity.ts';
import type { EvidenceKind, Machine, MachineId } from './machine.ts';
import type { SlotMatch } from './revision.ts';
import { createState } from './state.ts';

const seen = (id: string, ...values: readonly (readonly [EvidenceKind, string])[]): Machine => ({
  id: id as MachineId,
  evidence: values.map(([kind, value]) => ({ kind, value, source: 'script', firstSeen: T0, lastSeen: T0 })),
});
const knowing = (...machines: readonly Machine[]) =>
  createState(machines.map((row) => ({ table: 'machines', key: row.id, row })));
const slots = (...matches: readonly (readonly SlotMatch[])[]) =>
  sampleRevision({
    slots: Object.fromEntries(matches.map((match, i) => [`pos-${i + 1}`, sampleSlot({ name: `pos-${i + 1}`, match })])),
  });

describe('a UUID', () => {
  it('names a machine in lower case', () => expect(usableUuid(POS_UUID.toUpperCase())).toBe(POS_UUID));

  it.each([
    undefined,
    '',
    'not-a-uuid',
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
  ])('%s names nobody', (text) => expect(usableUuid(text)).toBeUndefined());

  it('that boards of one batch share makes no two machines one', () => {
    const shared = '03000200-0400-0500-0006-000700080009';
    const state = knowing(seen('m1', ['mac', POS_MAC], ['uuid', shared]));
    expect(findMachine({ mac: OTHER_MAC, uuid: shared }, state)).toBeUndefined();
  });
});

it.each(['', '  ', '0', 'To Be Filled By O.E.M.', 'Default string', undefined])('serial %j names nobody', (text) =>
  expect(usableSerial(text)).toBeUndefined(),
);

describe('the slot of a claim', () => {
  it('is the one of which all that a row names agrees', () => {
    const revision = slots([{ mac: POS_MAC, serial: 'CZC1' }], [{ serial: 'CZC1' }]);
    expect(findSlot({ mac: OTHER_MAC, serial: 'CZC1' }, knowing(), revision)).toMatchObject({
      slot: { name: 'pos-2' },
    });
    expect(findSlot({ mac: POS_MAC, serial: 'CZC1' }, knowing(), revision)).toMatchObject({ slot: { name: 'pos-1' } });
    expect(findSlot({ mac: POS_MAC }, knowing(), revision)).toEqual({ kind: 'none' });
  });

  it('needs no serial in the claim of a machine that gave it before', () => {
    const state = knowing(seen('m1', ['mac', POS_MAC], ['serial', 'CZC1']));
    expect(findSlot({ mac: POS_MAC }, state, slots([{ serial: 'CZC1' }]))).toMatchObject({ kind: 'slot' });
  });

  it('is taken while another machine in it still matches', () => {
    const row = { slot: 'pos-1', number: 1, machine: 'm1' as MachineId, since: T0, health: 'waiting' } as const;
    const first = seen('m1', ['mac', POS_MAC], ['serial', 'CZC1']);
    const state = createState([
      { table: 'machines', key: 'm1', row: first },
      { table: 'bindings', key: 'pos-1#1', row },
    ]);
    const revision = slots([{ serial: 'CZC1' }]);
    expect(findSlot({ mac: OTHER_MAC, serial: 'CZC1' }, state, revision)).toMatchObject({ kind: 'taken', by: first });
    expect(findSlot({ mac: POS_MAC }, state, revision)).toMatchObject({ kind: 'slot' });
  });
});

it('a code is four letters that are read aloud without doubt, the same for one MAC every time', () => {
  expect(machineCode(POS_MAC)).toMatch(/^[2-9A-HJKMNP-Z]{4}$/);
  expect(machineCode(POS_MAC)).toBe(machineCode(POS_MAC));
  expect(machineCode(POS_MAC)).not.toBe(machineCode(OTHER_MAC));
});
