import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleRevision, sampleSlot, T0 } from '../../test/support/sample-site.ts';
import type { MacAddress } from '../kernel/mac.ts';
import { findSlot, otherByteOrder, usableSerial, usableUuid } from './identity.ts';
import type { Claim, Evidence, Machine, MachineId } from './machine.ts';
import type { Revision, SlotMatch } from './revision.ts';
import { slotsNaming } from './slot-index.ts';
import { createState } from './state.ts';

const MACS = ['01', '02', '03', '04'].map((end) => `52:54:00:00:00:${end}` as MacAddress);
const UUIDS = ['4c4c4544-0042-3010-8052-b4c04f4d4e32', '44454c4c-4200-1030-8052-b4c04f4d4e32', 'none of all'];
const SERIALS = ['CZC1', 'CZC2', ' CZC1 ', 'Default string', ''];

const anyOf = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined });
const said = { uuid: anyOf([...UUIDS, UUIDS[0]?.toUpperCase() ?? '']), serial: anyOf(SERIALS) };
const claim = fc.record({ mac: fc.constantFrom(...MACS), ...said }).map((row) => plain(row) as Claim);
const row = fc
  .record({ mac: anyOf(MACS), uuid: anyOf(UUIDS), serial: anyOf(['CZC1', 'CZC2']) })
  .map((one) => plain(one) as SlotMatch);
const revision = fc.array(fc.array(row, { maxLength: 3 }), { maxLength: 6 }).map((matches) =>
  sampleRevision({
    slots: Object.fromEntries(matches.map((match, i) => [`s${i}`, sampleSlot({ name: `s${i}`, match })])),
  }),
);
/** A machine of which something was seen, some of it twice and otherwise. */
const machine = fc
  .array(
    fc.oneof(
      fc.constantFrom(...MACS).map((value) => ({ kind: 'mac' as const, value: value as string })),
      fc.constantFrom(...UUIDS).map((value) => ({ kind: 'uuid' as const, value })),
      fc.constantFrom('CZC1', 'CZC2').map((value) => ({ kind: 'serial' as const, value })),
    ),
    { maxLength: 5 },
  )
  .map((seen): Machine => {
    const evidence = seen.map((one, i): Evidence => ({ ...one, source: 'dhcp', firstSeen: T0, lastSeen: T0 + i }));
    return { id: 'm1' as MachineId, evidence };
  });

it('finds the slot that a look at each row of each slot finds', () => {
  fc.assert(
    fc.property(claim, revision, machine, (who, under, seen) => {
      const state = createState([{ table: 'machines', key: seen.id, row: seen }]);
      const answer = findSlot(who, state, under, T0);
      const known = answer.kind === 'none' ? undefined : answer.slot.name;
      expect(known).toBe(scan(who, findable(who, seen), under));
    }),
    { numRuns: 300 },
  );
});

it('looks at none of a thousand slots that name somebody else', () => {
  const mac = (i: number) =>
    `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
  const rows = Array.from({ length: 1_000 }, (_, i) =>
    sampleSlot({ name: `s${i}`, match: [{ mac: mac(i) as MacAddress }] }),
  );
  const slots = Object.fromEntries(rows.map((slot) => [slot.name, slot]));
  expect(slotsNaming(slots, { macs: [MACS[0] ?? ''], uuids: UUIDS, serials: SERIALS })).toEqual([]);
  expect(slotsNaming(slots, { macs: [mac(7), mac(3)], uuids: [], serials: [] }).map(({ name }) => name)).toEqual([
    's3',
    's7',
  ]);
});

function plain(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

const newest = ({ evidence }: Machine, kind: string): string | undefined =>
  evidence.findLast((one) => one.kind === kind)?.value;

/** What the state knows a claim to be: by its MAC, else by its UUID in either byte order, while nothing of it is up. */
function findable({ mac, uuid }: Claim, seen: Machine): Machine | undefined {
  if (seen.evidence.some(({ kind, value }) => kind === 'mac' && value === mac)) return seen;
  const usable = usableUuid(uuid);
  const own = seen.evidence.flatMap(({ kind, value }) => (kind === 'uuid' ? [value] : []));
  return usable !== undefined && own.some((value) => value === usable || value === otherByteOrder(usable))
    ? seen
    : undefined;
}

function scan(who: Claim, seen: Machine | undefined, { slots }: Revision): string | undefined {
  const uuids = [usableUuid(who.uuid), seen && newest(seen, 'uuid')].flatMap((uuid) => uuid ?? []);
  const fits = {
    mac: (wanted: string) =>
      who.mac === wanted || seen?.evidence.some(({ kind, value }) => kind === 'mac' && value === wanted) === true,
    uuid: (wanted: string) => uuids.some((uuid) => uuid === wanted || otherByteOrder(uuid) === wanted),
    serial: (wanted: string) => usableSerial(who.serial) === wanted || (seen && newest(seen, 'serial')) === wanted,
  };
  const named = (one: SlotMatch) => Object.entries(one) as (readonly [keyof typeof fits, string])[];
  return Object.values(slots).find(({ match }) =>
    match.some((one) => named(one).length > 0 && named(one).every(([kind, wanted]) => fits[kind](wanted))),
  )?.name;
}
