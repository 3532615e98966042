import fc from 'fast-check';
import { expect, it } from 'vitest';
import { POS_UUID, T0 } from '../../../../test/support/sample-site.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Evidence, EvidenceKind, Machine, MachineId, Merge } from '../../../model/machine.ts';
import { macsOf } from '../../../model/machine.ts';
import { addEvidence } from './evidence.ts';
import { mergeRows, takeNic, undoMerge } from './merge-rows.ts';

const macOf = (n: number): MacAddress => `52:54:00:00:00:0${n}` as MacAddress;
const VALUES: Readonly<Partial<Record<EvidenceKind, readonly string[]>>> = {
  serial: ['S1', 'S2'],
  product: ['P1', 'P2'],
  hostname: ['h1'],
};

/** A machine with MACs of its own, and values that others may have too. */
const machine = (id: string, first: number): fc.Arbitrary<Machine> =>
  fc
    .record({
      macs: fc.integer({ min: 1, max: 3 }),
      more: fc.array(fc.constantFrom<EvidenceKind>('serial', 'product', 'hostname').chain(rowOf), { maxLength: 5 }),
    })
    .map(({ macs, more }) => {
      const nics = Array.from({ length: macs }, (_, i) => row('mac', macOf(first + i), T0 + i));
      const rows = more.filter((one, i) => more.findIndex((other) => keyOf(other) === keyOf(one)) === i);
      return { id: id as MachineId, evidence: [...nics, ...rows] };
    });
const rowOf = (kind: EvidenceKind) =>
  fc.tuple(fc.constantFrom(...(VALUES[kind] ?? [''])), fc.nat(1_000)).map(([value, n]) => row(kind, value, T0 + n));

function row(kind: EvidenceKind, value: string, at: number): Evidence {
  return { kind, value, source: 'script', firstSeen: at, lastSeen: at };
}

function keyOf({ kind, value, source }: Evidence): string {
  return `${kind}/${value}/${source}`;
}

/** What is known, without when it was last heard, of which merge it came, and what a person keeps apart. */
function known({ id, evidence, merged = [] }: Machine): unknown {
  const rows = evidence.map((one) => `${keyOf(one)}@${one.firstSeen}`).sort();
  return { id, rows, merged: merged.map(({ former }) => known(former)) };
}

const [a, b, c] = [machine('m1', 1), machine('m2', 4), machine('m3', 7)];
const at = T0 + 10_000;
const by = 'cli';
const lastMerge = ({ merged = [] }: Machine, id = merged.at(-1)?.former.id): Merge =>
  merged.find(({ former }) => former.id === id) as Merge;

it('a split undoes a merge, also when the machine was heard meanwhile', () => {
  fc.assert(
    fc.property(a, b, fc.constantFrom(undefined, 'script', 'os'), (keep, other, source) => {
      const both = mergeRows(keep, other, { at, by });
      const said = macsOf(both).map((value) => ({ kind: 'mac' as const, value }));
      const heard = source ? addEvidence(both, said, source, at + 90_000) : both;
      const { kept, freed } = undoMerge(heard, lastMerge(heard));
      expect([macsOf(kept), macsOf(freed)]).toEqual([macsOf(keep), macsOf(other)]);
      // Another source is another row.
      if (source !== 'os') expect([known(kept), known(freed)]).toEqual([known(keep), known(other)]);
      expect(kept.apart).toEqual(macsOf(other));
      expect(freed.apart).toEqual(macsOf(keep));
    }),
  );
});

it('merges are undone in whatever order, and a machine that came with others takes them along', () => {
  fc.assert(
    fc.property(a, b, c, (keep, first, second) => {
      const one = mergeRows(mergeRows(keep, first, { at, by }), second, { at: at + 1, by });
      const early = undoMerge(one, lastMerge(one, 'm2' as MachineId));
      const late = undoMerge(early.kept, lastMerge(early.kept));
      expect([late.kept, early.freed, late.freed].map(known)).toEqual([keep, first, second].map(known));
      const nested = mergeRows(first, second, { at, by });
      const whole = mergeRows(keep, nested, { at: at + 1, by });
      const outer = undoMerge(whole, lastMerge(whole));
      expect([outer.kept, outer.freed].map(known)).toEqual([keep, nested].map(known));
      const inner = undoMerge(outer.freed, lastMerge(outer.freed));
      expect([inner.kept, inner.freed].map(known)).toEqual([first, second].map(known));
    }),
  );
});

it('a merge undoes a split, of a NIC or of what was merged', () => {
  fc.assert(
    fc.property(a, b, (keep, other) => {
      const before = mergeRows(keep, other, { at, by });
      const { kept, freed } = undoMerge(before, lastMerge(before));
      expect(known(mergeRows(kept, freed, { at, by }))).toEqual(known(before));
      const [mac] = macsOf(keep);
      const cut = takeNic(before, mac as MacAddress, 'm9' as MachineId);
      const again = mergeRows(cut.kept, cut.freed, { at, by });
      expect(known({ ...again, merged: [] })).toEqual(known({ ...before, merged: [] }));
      expect(again.apart).toBeUndefined();
    }),
  );
});

it('what is new since the merge leaves with what came by it; a UUID stays', () => {
  const keep = { id: 'm1' as MachineId, evidence: [row('mac', macOf(1), T0), row('serial', 'S1', T0)] };
  const both = mergeRows(keep, { id: 'm2' as MachineId, evidence: [row('mac', macOf(4), T0)] }, { at, by });
  const said = [{ kind: 'serial', value: 'S2' } as const, { kind: 'uuid', value: POS_UUID } as const];
  const heard = addEvidence(both, said, 'script', at + 1);
  const { kept, freed } = undoMerge(heard, lastMerge(heard));
  expect(kept.evidence.map(({ value }) => value)).toEqual([macOf(1), 'S1', POS_UUID]);
  expect(freed.evidence.map(({ value }) => value)).toEqual([macOf(4), 'S2']);
  expect(known(mergeRows(kept, freed, { at, by }))).toMatchObject({ rows: (known(heard) as { rows: unknown }).rows });
});

it('remembers the last sixteen merges', () => {
  let whole: Machine = { id: 'm1' as MachineId, evidence: [] };
  for (let i = 2; i < 30; i++) whole = mergeRows(whole, { id: `m${i}` as MachineId, evidence: [] }, { at, by });
  expect(whole.merged?.map(({ former }) => former.id)).toEqual(Array.from({ length: 16 }, (_, i) => `m${i + 14}`));
});
