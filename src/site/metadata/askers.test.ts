import { describe, expect, it } from 'vitest';
import {
  POS_MAC,
  SampleClock,
  SampleNeighbours,
  SampleStore,
  SITE,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../test/support/sample-site.ts';
import type { Digest } from '../../kernel/digest.ts';
import { type Boot, type BootId, bindingKey } from '../../model/boot.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { MachineId } from '../../model/machine.ts';
import { Askers } from './askers.ts';
import { subjectOfMac } from './policy/subject.ts';

const machine = 'm1' as MachineId;
const former = sampleRevision({ digest: 'f'.repeat(64) as Digest, slots: { 'pos-1': sampleSlot() } });
const current = sampleRevision({ slots: {} });

function kindOf(changes: Partial<Boot>): string {
  const boot: Boot = {
    ...{ id: 'b1' as BootId, machine, mac: POS_MAC, slot: 'pos-1', binding: 1, revision: former.digest },
    ...{ openedAt: T0, stage: 'os', reached: {}, ...changes },
  };
  const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
  const binding = { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' } as const;
  const store = new SampleStore([
    { table: 'machines', key: machine, row: { id: machine, evidence } },
    { table: 'bindings', key: bindingKey('pos-1', 1), row: binding },
    { table: 'boots', key: boot.id, row: boot },
  ]);
  const revisions = {
    current: () => current,
    get: (digest: Digest) => (digest === former.digest ? former : undefined),
  };
  const deps = {
    store,
    revisions,
    addresses: () => [SITE],
    arp: new SampleNeighbours(),
    surroundings: TEMPLATE_SURROUNDINGS,
    clock: new SampleClock(),
  };
  const found = new Askers(deps).pinned((revision) => subjectOfMac(POS_MAC, store.state, revision, T0), current);
  expect(found.revision).toBe(found.subject.kind === 'slot' ? former : current);
  return found.subject.kind;
}

describe('a machine whose slot left the template', () => {
  it('keeps it until its boot is over', () => {
    expect(kindOf({})).toBe('slot');
    expect(kindOf({ outcome: { kind: 'live' }, closedAt: T0 })).toBe('pending');
    expect(kindOf({ revision: 'a'.repeat(64) as Digest })).toBe('pending');
  });
});
