import { describe, expect, it } from 'vitest';
import { InstallWorld, installProfile, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import { leaseChange, sampleLease } from '../../../../test/support/sample-site.ts';
import { ARMED, DOUBT, fencedMark } from '../../../model/order.ts';
import { applyChanges } from '../../../model/state.ts';

const code = sampleCode(OTHER_MAC);
const MINUTE = 60_000;

/** A world whose first machine is installed. */
function installed(): InstallWorld {
  const world = new InstallWorld();
  world.powerOn();
  world.install();
  world.phoneHome();
  return world;
}

describe('arm', () => {
  it('lets a new store install: all that is filled and was never installed is ordered, once', () => {
    const world = new InstallWorld(undefined, { armed: false });
    expect(world.powerOn()).toBe('local');
    expect(world.tell({ kind: 'arm' })).toBe('The site is armed. Install ordered for pos-1.');
    expect(world.powerOn()).toBe('install');
    expect(world.tell({ kind: 'arm' })).toContain('armed already');
    expect(world.state.orders.size).toBe(1);
  });

  it('orders nothing where it is not certain what is installed', () => {
    const world = new InstallWorld(undefined, { armed: false });
    applyChanges(world.state, [{ table: 'marks', key: DOUBT, row: { at: 0, by: 'the site' } }]);
    world.powerOn();
    expect(world.tell({ kind: 'arm' })).toContain('order slot by slot');
    expect([world.state.marks.has(ARMED), world.state.orders.size, world.powerOn()]).toEqual([true, 0, 'local']);
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false })).toContain('pos-1 is installed when');
    expect(world.powerOn()).toBe('install');
  });
});

describe('claim', () => {
  it('gives an empty slot to the machine that shows the code, which goes on by itself', () => {
    const world = new InstallWorld();
    expect(world.powerOn(OTHER_MAC)).toBe('hold');
    expect(world.tell({ kind: 'claim', code: code.toLowerCase(), slot: 'pos-2' })).toContain('Its install is ordered.');
    expect(world.decide(OTHER_MAC)).toMatchObject({ kind: 'install', slot: 'pos-2' });
    expect(world.state.currentBinding('pos-2')).toMatchObject({ number: 1, placedBy: 'cli' });
  });

  it('uses a code once', () => {
    const world = new InstallWorld();
    world.powerOn(OTHER_MAC);
    world.tell({ kind: 'claim', code, slot: 'pos-2' });
    world.tell({ kind: 'release', slot: 'pos-2' });
    world.tick(11 * MINUTE);
    expect(world.tell({ kind: 'claim', code, slot: 'pos-2' })).toContain('no machine shows this code now');
  });

  it('takes a code for ten minutes', () => {
    const world = new InstallWorld();
    world.powerOn(OTHER_MAC);
    expect(world.tell({ kind: 'claim', code, slot: 'pos-2' }, 11 * MINUTE)).toContain('no machine shows this code now');
  });

  it('takes a code once: it shows another one afterwards', () => {
    const world = new InstallWorld();
    world.powerOn(OTHER_MAC);
    expect(world.tell({ kind: 'claim', code: '2222', slot: 'pos-2' })).toContain('code-refused');
    expect(world.tell({ kind: 'claim', code, slot: 'pos-2' })).toContain('fills pos-2 now');
    expect(world.tell({ kind: 'release', slot: 'pos-2' })).toContain('is empty');
    expect(world.tell({ kind: 'claim', code, slot: 'pos-2' })).toContain('code-refused');
    world.powerOn(OTHER_MAC);
    expect(world.tell({ kind: 'claim', code, slot: 'pos-2' })).toContain('fills pos-2 now');
  });

  it('does not take a slot from the machine that fills it', () => {
    const world = installed();
    world.powerOn(OTHER_MAC);
    expect(world.tell({ kind: 'claim', code, slot: 'pos-1' })).toContain('pos-1 is not empty');
    expect(world.tell({ kind: 'claim', code, slot: 'pos-7' })).toContain('not-found');
  });

  it('does not move a machine that has a slot', () => {
    const world = installed();
    expect(world.tell({ kind: 'claim', code: sampleCode(POS_MAC), slot: 'pos-2' })).toContain('no machine shows');
  });
});

describe('replace', () => {
  it('makes the next binding; the old machine is fenced off although the template still names it', () => {
    const world = installed();
    world.powerOn(OTHER_MAC);
    world.tick(11 * MINUTE);
    world.powerOn(OTHER_MAC);
    expect(world.tell({ kind: 'replace', slot: 'pos-1', code })).toContain('fenced off');
    expect(world.state.currentBinding('pos-1')).toMatchObject({ number: 2, health: 'waiting' });
    expect(world.powerOn(OTHER_MAC)).toBe('install');
    expect(world.powerOn(POS_MAC)).toBe('hold');
    expect(world.state.marks.get(fencedMark('m1'))?.because).toContain('replaced by');
    expect(world.state.currentBinding('pos-1')?.number).toBe(2);
  });

  it('refuses while the machine is there: it boots, or its lease lives', () => {
    const world = installed();
    world.powerOn(OTHER_MAC);
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    world.powerOn(POS_MAC);
    expect(world.tell({ kind: 'replace', slot: 'pos-1', code })).toContain('is booting now');
    world.tick(11 * MINUTE);
    world.powerOn(OTHER_MAC);
    applyChanges(world.state, [leaseChange(sampleLease({ expiresAt: world.now + 20 * MINUTE }))]);
    expect(world.tell({ kind: 'replace', slot: 'pos-1', code })).toContain('holds the address');
    expect(world.state.currentBinding('pos-1')?.number).toBe(1);
  });
});

describe('release', () => {
  it('empties the slot; its machine comes back by its code alone', () => {
    const world = installed();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(world.tell({ kind: 'release', slot: 'pos-1' })).toContain('pos-1 is empty');
    expect(world.order()?.state).toMatchObject({ kind: 'void', because: 'the slot was released' });
    expect([world.state.currentBinding('pos-1'), world.powerOn()]).toEqual([undefined, 'hold']);
    expect(world.tell({ kind: 'claim', code: sampleCode(POS_MAC), slot: 'pos-1' })).toContain('fills pos-1 now');
    expect(world.state.currentBinding('pos-1')?.number).toBe(2);
    expect(world.state.marks.has(fencedMark('m1'))).toBe(false);
  });
});

describe('reinstall', () => {
  it('installs once more', () => {
    const world = installed();
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true })).toContain('switch it off and on');
    expect(world.order()).toMatchObject({ wipe: true, by: { kind: 'person', name: 'cli' } });
    expect(world.powerOn()).toBe('install');
    world.install();
    world.phoneHome();
    expect([world.powerOn(), world.installs]).toEqual(['local', 2]);
  });

  it('a second order waits for the first, a third is refused', () => {
    const world = installed();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true })).toContain('waits for it');
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true })).toContain('two orders already');
    world.powerOn();
    world.install();
    world.phoneHome();
    expect(world.state.ordersOf('pos-1').map(({ state }) => state.kind)).toEqual(['open', 'confirmed', 'confirmed']);
  });

  it('the second is void with the first when the machine is another', () => {
    const world = installed();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true });
    world.tick(11 * MINUTE);
    world.powerOn(OTHER_MAC);
    world.tell({ kind: 'replace', slot: 'pos-1', code });
    expect(world.state.ordersOf('pos-1').map(({ state }) => state.kind)).toEqual(['open', 'void', 'void', 'confirmed']);
  });

  it('with --wipe is refused where the profile does not say what erases the disk', () => {
    const install = { completes: 'phone-home', attempts: 3, withinSeconds: 2_700 } as const;
    const world = new InstallWorld(installProfile('phone-home', { install }));
    world.powerOn();
    const said = world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true });
    expect(said).toContain(
      'command-refused: nothing would erase the disk of pos-1: profile demo needs install: { wipe:',
    );
    expect(said).toContain('talos.experimental.wipe: system');
    expect(world.state.orders.size).toBe(1);
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false })).toContain('waits for it');
  });

  it.each([
    ['pos-2', 'pos-2 is empty'],
    ['pos-9', 'not-found'],
  ])('of %s is refused', (slot, because) => {
    expect(installed().tell({ kind: 'reinstall', slot, wipe: false })).toContain(because);
  });

  it('is refused while the site is not armed', () => {
    const world = new InstallWorld(undefined, { armed: false });
    world.powerOn();
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false })).toContain('not armed');
  });
});

describe('hold', () => {
  it('keeps a slot from being installed until it is taken off', () => {
    const world = installed();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    expect(world.tell({ kind: 'hold', slot: 'pos-1', on: true })).toBe('pos-1 is held: nothing is installed there.');
    expect(world.powerOn()).toBe('local');
    expect(world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false })).toContain('--off');
    expect(world.tell({ kind: 'hold', slot: 'pos-1', on: false })).toBe('pos-1 is no longer held.');
    expect(world.powerOn()).toBe('install');
  });
});

it('confirm without an order is refused', () => {
  const world = installed();
  expect(world.tell({ kind: 'confirm', slot: 'pos-1' })).toContain('no order that could be complete');
  expect(world.tell({ kind: 'confirm', slot: 'pos-2' })).toContain('pos-2 is empty');
});
