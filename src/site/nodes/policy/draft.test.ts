import fc from 'fast-check';
import { expect, it } from 'vitest';
import { POS_MAC, T0 } from '../../../../test/support/sample-site.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Binding, Boot, BootId } from '../../../model/boot.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Draft } from './draft.ts';

const MACS = [POS_MAC, '52:54:00:00:00:02' as MacAddress];
const MACHINES = ['m1' as MachineId, 'm2' as MachineId];
const SLOTS = ['pos-1', 'pos-2'];

const boot = fc.record({ n: fc.integer({ min: 1, max: 12 }), at: fc.nat(9) }).map(
  ({ n, at }): Boot => ({
    ...({ id: `b${n}` as BootId, machine: n % 2 === 0 ? 'm1' : 'm2', mac: POS_MAC } as Pick<
      Boot,
      'id' | 'machine' | 'mac'
    >),
    ...{ openedAt: T0 + at, stage: 'seen', reached: {} },
  }),
);
const binding = fc
  .record({
    slot: fc.constantFrom(...SLOTS),
    number: fc.integer({ min: 1, max: 3 }),
    machine: fc.constantFrom(...MACHINES),
    isReleased: fc.boolean(),
  })
  .map(
    ({ slot, number, machine, isReleased }): Binding => ({
      ...{ slot, number, machine, since: T0 + number, health: 'waiting' },
      ...(isReleased ? { releasedAt: T0 + 9 } : {}),
    }),
  );
const machine = fc.record({ id: fc.constantFrom(...MACHINES), macs: fc.subarray(MACS) }).map(
  ({ id, macs }): Machine => ({
    id,
    evidence: macs.map((value) => ({ kind: 'mac', value, source: 'dhcp', firstSeen: T0, lastSeen: T0 })),
  }),
);
/** A MAC names one machine. */
function moveTo(draft: Draft, row: Machine): void {
  const macs = new Set(row.evidence.map(({ value }) => value));
  for (const other of [...draft.machines.values()])
    draft.putMachine({ ...other, evidence: other.evidence.filter(({ value }) => !macs.has(value)) });
  draft.putMachine(row);
}
const put = fc.oneof(
  boot.map((row) => (draft: Draft) => draft.putBoot(row)),
  binding.map((row) => (draft: Draft) => draft.putBinding(row)),
  machine.map((row) => (draft: Draft) => moveTo(draft, row)),
);

it('answers what the state answers once its changes are part of it, whatever was there before', () => {
  const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
  fc.assert(
    fc.property(fc.array(put, { maxLength: 12 }), fc.array(put, { maxLength: 8 }), (before, after) => {
      const state = createState();
      const first = new Draft(state);
      for (const run of before) run(first);
      applyChanges(state, first.changes);
      const draft = new Draft(state);
      for (const run of after) run(draft);
      const asked = (of: Draft | typeof state) => [
        ...MACHINES.map((id) => of.latestBoot(id)),
        ...SLOTS.flatMap((slot) => [of.newestBinding(slot), of.currentBinding(slot)]),
        ...MACS.map((mac) => of.machineWith('mac', mac)?.id),
      ];
      const answers = asked(draft);
      applyChanges(state, draft.changes);
      expect(answers).toEqual(asked(state));
    }),
    { seed },
  );
});
