import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POS_MAC, POS_UUID, T0 } from '../../../../test/support/sample-site.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { addEvidence, statementsOf } from './evidence.ts';
import { Memory } from './memory.ts';

const nobody: Machine = { id: 'm1' as MachineId, evidence: [] };

describe('what a claim says', () => {
  it('counts where it tells one machine from another', () => {
    const claim = {
      mac: POS_MAC,
      uuid: POS_UUID.toUpperCase(),
      serial: ' CZC1 ',
      manufacturer: 'HP',
      product: 'To Be Filled By O.E.M.',
    };
    expect(statementsOf(claim)).toEqual([
      { kind: 'mac', value: POS_MAC },
      { kind: 'uuid', value: POS_UUID },
      { kind: 'serial', value: 'CZC1' },
      { kind: 'manufacturer', value: 'HP' },
    ]);
  });

  it('is nothing where all values are shared by whole batches', () => {
    const claim = {
      mac: '00:00:00:00:00:00' as MacAddress,
      uuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
      serial: 'None',
    };
    expect(statementsOf(claim)).toEqual([]);
  });
});

describe('the evidence of a machine', () => {
  const said = [{ kind: 'serial', value: 'X1' } as const];

  it('is refreshed once a minute', () => {
    const once = addEvidence(nobody, said, 'script', T0);
    expect(addEvidence(once, said, 'script', T0 + 59_999)).toBe(once);
    expect(addEvidence(once, said, 'script', T0 + 60_000).evidence).toEqual([
      { kind: 'serial', value: 'X1', source: 'script', firstSeen: T0, lastSeen: T0 + 60_000 },
    ]);
  });

  it('keeps apart who said it', () => {
    const twice = addEvidence(addEvidence(nobody, said, 'script', T0), said, 'os', T0 + 1);
    expect(twice.evidence.map(({ source }) => source)).toEqual(['script', 'os']);
  });

  it('does not grow without end, and never loses who the machine is', () => {
    let machine = addEvidence(nobody, statementsOf({ mac: POS_MAC, uuid: POS_UUID }), 'dhcp', T0);
    for (let i = 0; i < 500; i++)
      machine = addEvidence(machine, [{ kind: 'hostname', value: `host-${i}` }], 'dhcp', T0 + i);
    expect(machine.evidence).toHaveLength(48);
    expect(machine.evidence.slice(0, 2).map(({ value }) => value)).toEqual([POS_MAC, POS_UUID]);
    expect(machine.evidence.at(-1)?.value).toBe('host-499');
  });

  it('goes on knowing a machine in whose name somebody makes up UUIDs', () => {
    let machine = addEvidence(nobody, statementsOf({ mac: POS_MAC, uuid: POS_UUID, serial: 'X1' }), 'script', T0);
    for (let i = 0; i < 200; i++) {
      const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
      machine = addEvidence(machine, statementsOf({ mac: POS_MAC, uuid }), 'script', T0 + i);
    }
    expect(machine.evidence.length).toBeLessThanOrEqual(48);
    expect(machine.evidence.slice(0, 3).map(({ value }) => value)).toEqual([POS_MAC, POS_UUID, 'X1']);
  });

  it('holds nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
        for (const row of addEvidence(nobody, [{ kind: 'hostname', value }], 'dhcp', T0).evidence) {
          expect(row.value).toMatch(/^[^\p{Cc}\p{Cs}\u2028\u2029]{1,128}$/u);
        }
      }),
      { seed: Number(process.env['SLIPWAY_SEED'] ?? 1) },
    );
  });
});

describe('a sighting', () => {
  it('is of one boot while the firmware repeats itself, and of the next after a silence', () => {
    const memory = new Memory();
    for (const at of [0, 4_000, 12_000, 28_000, 60_000]) memory.see(POS_MAC, T0 + at, undefined);
    expect(memory.sightingOf(POS_MAC, T0 + 61_000)).toEqual({ firstAt: T0, lastAt: T0 + 60_000 });
    memory.see(POS_MAC, T0 + 600_000, POS_UUID);
    expect(memory.sightingOf(POS_MAC, T0 + 600_000)).toEqual({
      firstAt: T0 + 600_000,
      lastAt: T0 + 600_000,
      uuid: POS_UUID,
    });
    expect(memory.sightingOf(POS_MAC, T0 + 900_000)).toBeUndefined();
  });
});
