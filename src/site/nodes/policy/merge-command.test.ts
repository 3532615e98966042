import { describe, expect, it } from 'vitest';
import { InstallWorld, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import { POS_UUID } from '../../../../test/support/sample-site.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { findSlot } from '../../../model/identity.ts';
import { fencedMark } from '../../../model/order.ts';

const THIRD_MAC = '52:54:00:00:00:03' as MacAddress;
const code = sampleCode(OTHER_MAC);
const merge = (keep: string, other: string) => ({ kind: 'merge', keep, other }) as const;
const split = (machine: string, part: string) => ({ kind: 'split', machine, part }) as const;

/** m1 fills pos-1 and is installed; m2 shows its code. */
function world(): InstallWorld {
  const made = new InstallWorld();
  made.powerOn();
  made.install();
  made.phoneHome();
  made.powerOn(OTHER_MAC);
  return made;
}

const ownerOf = ({ state }: InstallWorld, mac: MacAddress) => state.machineWith('mac', mac)?.id;

/** DHCP of a NIC that says the UUID of the machine in pos-1. */
function heard(made: InstallWorld, mac: MacAddress): void {
  const dhcp = { kind: 'dhcp', mac, client: 'firmware', clientKind: 'bios', message: 'request' } as const;
  made.see({ ...dhcp, uuid: POS_UUID });
}

describe('merge', () => {
  it('makes two machines one, in the slot of the first; the boot of the other one ends', () => {
    const made = world();
    expect(made.tell(merge('pos-1', code))).toBe('m2 is a part of m1 now. slipway split m1 m2 undoes that.');
    expect([ownerOf(made, POS_MAC), ownerOf(made, OTHER_MAC)]).toEqual(['m1', 'm1']);
    expect(made.state.latestBoot('m2' as never)?.outcome).toEqual({ kind: 'held' });
    expect(made.powerOn(OTHER_MAC)).toBe('local');
    expect(made.state.latestBoot('m1' as never)).toMatchObject({ mac: OTHER_MAC, slot: 'pos-1', binding: 1 });
    expect(made.events.findLast(({ type }) => type === 'machine-merged')).toMatchObject({
      machine: 'm1',
      data: { from: 'm2', by: 'cli', macs: [OTHER_MAC] },
    });
  });

  it('keeps what was told of a boot that stood still', () => {
    const made = world();
    made.see({ kind: 'tick', listeningSince: made.now }, 30 * 60_000);
    made.tell(merge('pos-1', 'm2'));
    expect(made.state.latestBoot('m2' as never)?.outcome).toMatchObject({ kind: 'stalled', stage: 'held' });
  });

  it('warns where an install is ordered that the other one would get too', () => {
    const made = world();
    made.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(made.tell(merge('pos-1', 'm2'))).toContain('slipway hold pos-1 keeps it back');
  });

  it('makes the code of what is a part now nobody’s', () => {
    const made = world();
    made.tell(merge('m1', 'm2'));
    expect(made.tell({ kind: 'claim', code, slot: 'pos-2' })).toContain('no machine shows this code');
    expect(made.state.currentBinding('pos-2')).toBeUndefined();
  });

  it('is refused where the other one fills a slot, with what works', () => {
    const made = world();
    expect(made.tell(merge('m2', 'm1'))).toContain('The other way round it works: slipway merge m1 m2');
    made.tell({ kind: 'claim', code, slot: 'pos-2' });
    expect(made.tell(merge('m1', 'm2'))).toContain('Empty one of them first: slipway release pos-2');
    made.tell({ kind: 'release', slot: 'pos-2' });
    expect(made.tell(merge('m1', 'm2'))).toContain('As a part of m1 it is fenced off no more');
    expect(made.powerOn(OTHER_MAC)).toBe('local');
  });

  it.each([
    [merge('m1', 'm1'), 'both names mean m1'],
    [merge('pos-1', POS_MAC), 'both names mean m1'],
    [merge('m1', 'm7'), 'not-found: this site knows no machine "m7"'],
    [merge('pos-2', 'm1'), 'command-refused: pos-2 is empty'],
  ])('%j is refused: %s', (command, because) => {
    expect(world().tell(command)).toContain(because);
  });

  it('is refused for what is a part already, with whose', () => {
    const made = world();
    made.tell(merge('m1', 'm2'));
    expect(made.tell(merge('m1', 'm2'))).toContain(
      'm2 is a part of m1: name that, or undo it with slipway split m1 m2',
    );
  });

  it('is refused where one machine would have more NICs than there is room for', () => {
    const made = new InstallWorld();
    const nics = Array.from({ length: 10 }, (_, i) => `52:54:00:00:01:${String(i + 10)}` as MacAddress);
    for (const mac of nics) made.powerOn(mac);
    const answers = nics.slice(1).map((_, i) => made.tell(merge('m1', `m${i + 2}`)));
    expect(answers.findIndex((answer) => answer.includes('9 MAC addresses: too many'))).toBe(7);
    for (const mac of nics.slice(0, 8)) made.install(mac);
    expect(nics.slice(0, 8).map((mac) => ownerOf(made, mac))).toEqual(Array.from({ length: 8 }, () => 'm1'));
  });

  it('orders no install by itself: the disk may be another slot’s', () => {
    const made = new InstallWorld();
    made.powerOn(OTHER_MAC);
    made.powerOn(THIRD_MAC);
    made.tell(merge('m1', 'm2'));
    const slot = made.revision.slots['pos-2'];
    if (slot) made.revision = { ...made.revision, slots: { 'pos-2': { ...slot, match: [{ mac: THIRD_MAC }] } } };
    made.powerOn(THIRD_MAC);
    expect(made.state.currentBinding('pos-2')).toMatchObject({ machine: 'm1', number: 1 });
    expect([made.powerOn(THIRD_MAC), made.state.orders.size]).toEqual(['local', 0]);
  });
});

describe('split', () => {
  it.each(['m2', OTHER_MAC, '52-54-00-00-00-99'])('by %s gives back what came by the merge', (part) => {
    const made = world();
    const before = made.state.machines.get('m2');
    made.tell(merge('m1', 'm2'));
    expect(made.tell(split('pos-1', part))).toContain('m2 is a machine of its own now');
    expect(made.state.machines.get('m2')).toEqual({ ...before, apart: [POS_MAC] });
    expect(made.state.currentBinding('pos-1')).toMatchObject({ machine: 'm1', number: 1 });
    expect(made.powerOn(OTHER_MAC)).toBe('hold');
    expect(made.types()).toContain('machine-split');
  });

  it('takes a NIC that came by its UUID alone to a new machine, for which that UUID does not count any more', () => {
    const made = new InstallWorld();
    heard(made, POS_MAC);
    heard(made, THIRD_MAC);
    expect(ownerOf(made, THIRD_MAC)).toBe('m1');
    expect(made.tell(split('m1', THIRD_MAC))).toContain('m2 is a machine of its own now');
    heard(made, THIRD_MAC);
    expect(ownerOf(made, THIRD_MAC)).toBe('m2');
    const claim = { mac: THIRD_MAC, uuid: POS_UUID };
    expect(findSlot(claim, made.state, made.revision, made.now)).toEqual({ kind: 'none' });
    made.powerOn(THIRD_MAC);
    expect(made.tell({ kind: 'claim', code: sampleCode(THIRD_MAC), slot: 'pos-2' })).toContain('fills pos-2 now');
  });

  it('lets a NIC that a UUID brought by mistake go back, and stay there', () => {
    const made = new InstallWorld();
    heard(made, POS_MAC);
    made.powerOn(OTHER_MAC);
    heard(made, OTHER_MAC);
    expect(made.events.findLast(({ type }) => type === 'machine-merged')?.sentence).toContain(
      `slipway split m1 ${OTHER_MAC}`,
    );
    made.tell(split('m1', OTHER_MAC));
    heard(made, OTHER_MAC);
    expect([ownerOf(made, OTHER_MAC), made.state.machineWith('uuid', POS_UUID)?.id]).toEqual(['m2', 'm1']);
    made.tell(merge('m1', 'm2'));
    heard(made, OTHER_MAC);
    expect(ownerOf(made, OTHER_MAC)).toBe('m1');
  });

  it('ends the boot over what is another machine now, whose install goes no further', () => {
    const made = world();
    made.tell(merge('m1', 'm2'));
    made.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(made.powerOn(OTHER_MAC)).toBe('install');
    made.tell(split('m1', 'm2'));
    expect(made.state.latestBoot('m1' as never)?.outcome).toEqual({ kind: 'superseded' });
    made.secret(OTHER_MAC);
    expect(made.order()).toMatchObject({ attempts: 0, state: { kind: 'open' } });
  });

  it('leaves fenced what was fenced off as a whole, and nothing else', () => {
    const made = world();
    made.tell(merge('m1', 'm2'));
    made.tell({ kind: 'release', slot: 'pos-1' });
    made.tell(split('m1', 'm2'));
    expect(made.state.marks.get(fencedMark('m2'))?.because).toContain('part of m1');
    made.powerOn(THIRD_MAC);
    made.tell(merge('m1', 'm3'));
    made.tell(split('m1', 'm3'));
    expect(made.state.marks.has(fencedMark('m3'))).toBe(false);
  });

  it.each([
    [split('m1', POS_MAC), 'is all that m1 has'],
    [split('m1', THIRD_MAC), `is no part of m1. Its parts are: ${POS_MAC}`],
    [split('m9', POS_MAC), 'not-found'],
  ])('%j is refused: %s', (command, because) => {
    expect(world().tell(command)).toContain(because);
  });

  it('of two that are two already keeps them so', () => {
    const made = world();
    heard(made, POS_MAC);
    expect(made.tell(split('pos-1', 'm2'))).toBe('m2 and m1 are two machines, whatever UUID they say.');
    made.tell(split('m1', OTHER_MAC));
    expect(made.types().filter((type) => type === 'machine-split')).toHaveLength(1);
    heard(made, OTHER_MAC);
    expect([ownerOf(made, OTHER_MAC), made.powerOn(OTHER_MAC)]).toEqual(['m2', 'hold']);
    made.tell(merge('m1', 'm2'));
    expect(made.state.machines.get('m1')?.apart).toBeUndefined();
  });

  it('of a part of a part gives back the whole that came', () => {
    const made = world();
    made.powerOn(THIRD_MAC);
    made.tell(merge('m2', 'm3'));
    made.tell(merge('m1', 'm2'));
    expect(made.tell(split('m1', 'm3'))).toContain(`m2 is a machine of its own now, with ${OTHER_MAC}, ${THIRD_MAC}`);
    expect(made.tell(split('m2', 'm3'))).toContain(`m3 is a machine of its own now, with ${THIRD_MAC}`);
  });
});

it('a machine that comes into another slot leaves the one that it filled, with what was ordered there', () => {
  const made = world();
  made.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
  const [one, two] = [made.revision.slots['pos-1'], made.revision.slots['pos-2']];
  if (one && two)
    made.revision = {
      ...made.revision,
      slots: { 'pos-1': { ...one, match: [{ mac: THIRD_MAC }] }, 'pos-2': { ...two, match: [{ mac: POS_MAC }] } },
    };
  made.powerOn();
  expect(made.state.currentBinding('pos-2')?.machine).toBe('m1');
  expect([made.state.currentBinding('pos-1'), made.order()?.state.kind]).toEqual([undefined, 'void']);
});
