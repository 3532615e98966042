import { describe, expect, it } from 'vitest';
import { InstallWorld, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import { leaseChange, POS_ADDRESS, POS_UUID, sampleLease } from '../../../../test/support/sample-site.ts';
import { applyChanges } from '../../../model/state.ts';
import { viewDetail, viewNodes } from './views.ts';

const HOUR = 3_600_000;
const code = sampleCode(OTHER_MAC);

/** m1 fills pos-1 by its MAC, m2 matches by its serial number; or has the UUID of m1, which is up. */
function world(why: 'match' | 'uuid'): InstallWorld {
  const made = new InstallWorld();
  const slot = made.revision.slots['pos-1'];
  if (slot)
    made.revision = { ...made.revision, slots: { 'pos-1': { ...slot, match: [{ mac: POS_MAC }, { serial: 'X1' }] } } };
  const dhcp = { kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' } as const;
  made.see({ ...dhcp, uuid: POS_UUID });
  applyChanges(made.state, [leaseChange(sampleLease({ expiresAt: made.now + HOUR }))]);
  asks(made, why);
  return made;
}

function asks(made: InstallWorld, why: 'match' | 'uuid'): void {
  const claim = { mac: OTHER_MAC, ...(why === 'uuid' ? { uuid: POS_UUID } : { serial: 'X1' }) };
  const answer = { kind: 'refuse', because: 'pos-1 is taken', code } as const;
  made.see({ kind: 'script', claim, address: POS_ADDRESS, answer });
}

function contextOf({ state, revision, now }: InstallWorld) {
  return { state, revision, now, progressOf: () => undefined, showsCodes: true };
}

const contendersOf = (made: InstallWorld) => viewNodes(contextOf(made)).nodes[0]?.contenders;

describe.each(['match', 'uuid'] as const)('a machine that contends for a slot by %s', (why) => {
  it('is shown beside the one that fills it, with why and what to do', () => {
    const made = world(why);
    expect(viewNodes(contextOf(made)).nodes[0]?.machine?.id).toBe('m1');
    const [contender, ...more] = contendersOf(made) ?? [];
    expect(more).toEqual([]);
    expect(contender).toMatchObject({ machine: 'm2', code, macs: [OTHER_MAC] });
    expect(contender?.because).toContain(why === 'uuid' ? 'the UUID of m1' : 'the template means it too');
    const todo = contender?.toDo.map((row) => row.do);
    expect(todo).toContain('slipway merge pos-1 m2');
    expect(todo?.[why === 'uuid' ? 1 : 0]).toContain(
      why === 'uuid' ? 'slipway split pos-1 m2' : `slipway replace pos-1 ${code}`,
    );
    expect(viewDetail('pos-1', contextOf(made))?.node?.contenders).toEqual([contender]);
    expect(viewDetail('m2', contextOf(made))?.machine).toMatchObject({ contends: 'pos-1' });
  });

  it('is told of once, however often it asks', () => {
    const made = world(why);
    for (let i = 0; i < 3; i++) {
      made.now += 60_000;
      asks(made, why);
    }
    expect(made.types().filter((type) => type === 'slot-conflict')).toHaveLength(1);
  });

  it('takes the slot by its code when the other one is silent', () => {
    const made = world(why);
    expect(made.tell({ kind: 'replace', slot: 'pos-1', code })).toContain('Switch it off');
    applyChanges(made.state, [leaseChange(sampleLease({ state: 'released' }))]);
    made.now += 11 * 60_000;
    asks(made, 'match');
    if (why === 'uuid') return;
    expect(made.tell({ kind: 'replace', slot: 'pos-1', code })).toContain('fills pos-1 now');
    expect([made.state.currentBinding('pos-1')?.machine, contendersOf(made)]).toEqual(['m2', undefined]);
  });

  it.each<[string, (made: InstallWorld) => unknown, string?]>([
    ['it was merged', (made) => made.tell({ kind: 'merge', keep: 'pos-1', other: 'm2' })],
    [
      'a person says that it has the UUID by chance',
      (made) => made.tell({ kind: 'split', machine: 'pos-1', part: 'm2' }),
      'uuid',
    ],
    ['the slot was released', (made) => made.tell({ kind: 'release', slot: 'pos-1' })],
    ['it was not heard for a day', (made) => made.tick(25 * HOUR)],
    ['the template has the slot no more', (made) => Object.assign(made, { revision: { ...made.revision, slots: {} } })],
  ])('is gone when %s', (_when, settle, only = why) => {
    const made = world(only as typeof why);
    settle(made);
    expect(contendersOf(made)).toBeUndefined();
    expect(viewDetail('m2', contextOf(made))?.machine?.contends).toBeUndefined();
  });
});

it('a contender that the template means no more is none', () => {
  const made = world('match');
  const slot = made.revision.slots['pos-1'];
  if (slot) made.revision = { ...made.revision, slots: { 'pos-1': { ...slot, match: [{ mac: POS_MAC }] } } };
  expect(contendersOf(made)).toBeUndefined();
});

it('a contender that was split off has nothing to do with the slot any more', () => {
  const made = world('uuid');
  made.tell({ kind: 'merge', keep: 'pos-1', other: 'm2' });
  made.tell({ kind: 'split', machine: 'pos-1', part: 'm2' });
  asks(made, 'uuid');
  expect(contendersOf(made)).toBeUndefined();
});
