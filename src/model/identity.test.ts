import { describe, expect, it } from 'vitest';
import {
  leaseChange,
  OTHER_MAC,
  POS_MAC,
  POS_UUID,
  sampleLease,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../test/support/sample-site.ts';
import { findMachine, findSlot, spellCode, usableSerial, usableUuid } from './identity.ts';
import type { Lease } from './lease.ts';
import type { EvidenceKind, Machine, MachineId } from './machine.ts';
import type { SlotMatch } from './revision.ts';
import { applyChanges, createState } from './state.ts';

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
    expect(findMachine({ mac: OTHER_MAC, uuid: shared }, state, T0)).toBeUndefined();
  });
});

it.each(['', '  ', '0', 'To Be Filled By O.E.M.', 'Default string', undefined])('serial %j names nobody', (text) =>
  expect(usableSerial(text)).toBeUndefined(),
);

describe('the slot of a claim', () => {
  it('is the one of which all that a row names agrees', () => {
    const revision = slots([{ mac: POS_MAC, serial: 'CZC1' }], [{ serial: 'CZC1' }]);
    expect(findSlot({ mac: OTHER_MAC, serial: 'CZC1' }, knowing(), revision, T0)).toMatchObject({
      slot: { name: 'pos-2' },
    });
    expect(findSlot({ mac: POS_MAC, serial: 'CZC1' }, knowing(), revision, T0)).toMatchObject({
      slot: { name: 'pos-1' },
    });
    expect(findSlot({ mac: POS_MAC }, knowing(), revision, T0)).toEqual({ kind: 'none' });
  });

  it('needs no serial in the claim of a machine that gave it before', () => {
    const state = knowing(seen('m1', ['mac', POS_MAC], ['serial', 'CZC1']));
    expect(findSlot({ mac: POS_MAC }, state, slots([{ serial: 'CZC1' }]), T0)).toMatchObject({ kind: 'slot' });
  });

  it('is taken while another machine in it still matches', () => {
    const row = { slot: 'pos-1', number: 1, machine: 'm1' as MachineId, since: T0, health: 'waiting' } as const;
    const first = seen('m1', ['mac', POS_MAC], ['serial', 'CZC1']);
    const state = createState([
      { table: 'machines', key: 'm1', row: first },
      { table: 'bindings', key: 'pos-1#1', row },
    ]);
    const revision = slots([{ serial: 'CZC1' }]);
    expect(findSlot({ mac: OTHER_MAC, serial: 'CZC1' }, state, revision, T0)).toMatchObject({
      kind: 'taken',
      by: first,
    });
    expect(findSlot({ mac: POS_MAC }, state, revision, T0)).toMatchObject({ kind: 'slot' });
  });
});

describe('a UUID from another NIC', () => {
  const pos = seen('m1', ['mac', POS_MAC], ['uuid', POS_UUID], ['serial', 'CZC1']);
  const fills = { slot: 'pos-1', number: 1, machine: pos.id, since: T0, health: 'waiting' } as const;
  const claim = { mac: OTHER_MAC, uuid: POS_UUID.toUpperCase(), serial: 'CZC1' };
  const world = (lease: Partial<Lease>, ...others: readonly Machine[]) =>
    createState([
      ...[pos, ...others].map((row) => ({ table: 'machines', key: row.id, row }) as const),
      { table: 'bindings', key: 'pos-1#1', row: fills },
      leaseChange(sampleLease(lease)),
    ]);
  const over = { expiresAt: T0 };

  it.each([
    ['its lease is over', over],
    ['it gave its lease back', { state: 'released' }],
    ['it declined its address', { state: 'declined' }],
  ] as const)('is the machine when %s', (_when, lease) => {
    const state = world(lease);
    expect(findMachine(claim, state, T0)?.id).toBe('m1');
    expect(findSlot(claim, state, slots([{ mac: POS_MAC }]), T0)).toMatchObject({ kind: 'slot' });
  });

  it.each([
    ['here', {}],
    ['in another network', { network: 'office' }],
    ['for one more millisecond', { expiresAt: T0 + 1 }],
  ])('is a stranger while the machine has a lease %s', (_where, lease) => {
    expect(findMachine(claim, world(lease), T0)).toBeUndefined();
  });

  it.each<[string, SlotMatch]>([
    ['MAC', { mac: POS_MAC }],
    ['UUID', { uuid: POS_UUID }],
    ['serial', { serial: 'CZC1' }],
    ['UUID and serial', { uuid: POS_UUID, serial: 'CZC1' }],
  ])('finds the slot taken that names its machine by %s', (_what, row) => {
    for (const state of [world({}), world({}, seen('m2', ['mac', OTHER_MAC]))])
      expect(findSlot(claim, state, slots([row]), T0)).toMatchObject({ kind: 'taken', by: { id: 'm1' } });
  });

  it('that was a stranger becomes the machine when that is silent, unless it fills a slot or has a UUID itself', () => {
    const stray = seen('m2', ['mac', OTHER_MAC]);
    const dock = seen('m2', ['mac', OTHER_MAC], ['uuid', '4c4c4544-0042-3010-8052-b4c04f4d4e32']);
    const row = { ...fills, slot: 'pos-2', machine: stray.id };
    const placed = world(over, stray);
    applyChanges(placed, [{ table: 'bindings', key: 'pos-2#1', row }]);
    expect(findMachine(claim, world(over, stray), T0)?.id).toBe('m1');
    expect(findMachine(claim, world({}, stray), T0)?.id).toBe('m2');
    expect(findMachine(claim, world(over, dock), T0)?.id).toBe('m2');
    expect(findMachine(claim, placed, T0)?.id).toBe('m2');
  });

  it('leaves a machine that has a slot by its own MAC there', () => {
    const two = slots([{ mac: POS_MAC }], [{ mac: OTHER_MAC }]);
    expect(findSlot(claim, world({}), two, T0)).toMatchObject({ kind: 'slot', slot: { name: 'pos-2' } });
  });
});

it('a code is four letters that are read aloud without doubt, whatever the lot', () => {
  const codes = Array.from({ length: 256 }, (_, byte) => spellCode(Uint8Array.of(byte, byte >> 5, 7, 255 - byte, 9)));
  for (const code of codes) expect(code).toMatch(/^[2-9A-HJKMNP-Z]{4}$/);
  expect(new Set(codes).size).toBeGreaterThan(100);
});

describe('a UUID in the other byte order', () => {
  const little = '4c4c4544-0042-3010-8052-b4c04f4d4e32';
  const big = '44454c4c-4200-1030-8052-b4c04f4d4e32';

  it('is the same machine, by what it says and by what was said before', () => {
    const state = knowing(seen('m1', ['mac', POS_MAC], ['uuid', little]));
    expect(findMachine({ mac: OTHER_MAC, uuid: big }, state, T0)?.id).toBe('m1');
    expect(findMachine({ mac: OTHER_MAC, uuid: big.replace('52', '53') }, state, T0)).toBeUndefined();
  });

  it.each([
    [little, big],
    [big, little],
  ])('fits the slot that has it: %s', (written, said) => {
    const revision = slots([{ uuid: written }]);
    const slot = { kind: 'slot' };
    expect(findSlot({ mac: POS_MAC, uuid: said }, createState(), revision, T0)).toMatchObject(slot);
    const known = knowing(seen('m1', ['mac', POS_MAC], ['uuid', said]));
    expect(findSlot({ mac: POS_MAC }, known, revision, T0)).toMatchObject(slot);
  });
});
