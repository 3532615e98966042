import { describe, expect, it } from 'vitest';
import { InstallWorld, installProfile, installRevision, POS_MAC } from '../../../../test/support/install-world.ts';
import type { Digest } from '../../../kernel/digest.ts';

const MINUTE = 60_000;
const REINSTALL = { kind: 'reinstall', slot: 'pos-1', wipe: false } as const;

/** The states of the orders of pos-1, the oldest first. */
const statesOf = ({ state }: InstallWorld) =>
  state
    .ordersOf('pos-1')
    .map((order) => order.state.kind)
    .toReversed();

/** A world with an order that was given by the first filling, and a second one that waits for it. */
function withTwo(minutesBetween = 10): InstallWorld {
  const world = new InstallWorld();
  world.powerOn();
  world.tick(minutesBetween * MINUTE);
  world.tell(REINSTALL);
  expect(statesOf(world)).toEqual(['open', 'waiting']);
  return world;
}

function fail(world: InstallWorld): void {
  expect(world.powerOn()).toBe('install');
  world.install();
  expect(world.powerOn()).toBe('local');
}

describe('an order that waits for another one', () => {
  it('has its turn when the first is parked after its last attempt', () => {
    const world = withTwo(1);
    for (let attempt = 0; attempt < 3; attempt++) fail(world);
    expect(statesOf(world)).toEqual(['installing', 'waiting']);
    // The machine comes back from its disk once more: nothing confirmed the last attempt.
    expect(world.powerOn()).toBe('install');
    expect(statesOf(world)).toEqual(['parked', 'open']);
    expect(world.state.orders.get('o1')?.state).toMatchObject({ because: '3 of 3 attempts did not complete' });
    expect(world.order()).toMatchObject({ id: 'o2', attempts: 0 });
    world.install();
    world.phoneHome();
    expect([statesOf(world), world.powerOn()]).toEqual([['parked', 'confirmed'], 'local']);
  });

  it('has its turn when the time of the first is over, and no more time than it was given with', () => {
    const world = withTwo();
    world.tick(36 * MINUTE);
    expect(statesOf(world)).toEqual(['parked', 'open']);
    expect(world.events.at(-1)?.sentence).toBe('pos-1: the install ordered by cli has its turn');
    world.tick(9 * MINUTE);
    expect(statesOf(world)).toEqual(['parked', 'parked']);
    expect(world.order()?.state).toMatchObject({ because: 'nobody began it within 45 min' });
    expect(world.powerOn()).toBe('local');
  });

  it('has none where the time of both is over at once', () => {
    const world = withTwo();
    const before = world.events.length;
    world.tick(120 * MINUTE);
    expect(statesOf(world)).toEqual(['parked', 'void']);
    expect(world.events.slice(before).map(({ type }) => type)).toEqual(['order-void', 'order-parked']);
  });

  it('installs nothing while it waits', () => {
    const world = withTwo();
    expect(world.powerOn()).toBe('install');
    world.install();
    expect([world.powerOn(), statesOf(world)]).toEqual(['local', ['installing', 'waiting']]);
    expect(world.order()?.attempts).toBe(0);
  });

  it('is void with the first when the slot is released', () => {
    const released = withTwo();
    released.tell({ kind: 'release', slot: 'pos-1' });
    expect(statesOf(released)).toEqual(['void', 'void']);
    expect(released.types().filter((type) => type === 'order-given')).toHaveLength(2);
    expect(released.order()?.state).toMatchObject({ because: 'the slot was released' });
  });

  it('installs nothing when the template changed meanwhile', () => {
    const world = withTwo();
    world.install();
    world.phoneHome();
    expect(statesOf(world)).toEqual(['confirmed', 'open']);
    world.revision = installRevision(installProfile('phone-home', { digest: 'f'.repeat(64) as Digest }));
    expect(world.decide(POS_MAC)).toEqual({ kind: 'local', because: 'its order is for an earlier version of demo' });
  });
});

describe('the time of an order', () => {
  it('is over in a copy of yesterday, whose database and log of orders agree with each other', () => {
    const world = withTwo();
    world.now += 24 * 60 * MINUTE;
    expect(world.powerOn()).toBe('local');
    world.tick(0);
    expect(statesOf(world)).toEqual(['parked', 'void']);
  });

  it('counts from when it was given, whatever the template says later', () => {
    const world = new InstallWorld();
    world.powerOn();
    const install = { completes: 'phone-home', attempts: 9, withinSeconds: 7 * 86_400 } as const;
    world.revision = installRevision(installProfile('phone-home', { install }));
    world.tick(46 * MINUTE);
    expect(world.order()).toMatchObject({ maxAttempts: 3, state: { kind: 'parked' } });
  });

  it('is over where the clock was set back to before it was given', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.tick(-60 * MINUTE);
    expect(world.order()?.state).toMatchObject({
      kind: 'parked',
      because: 'the clock of the site was set back to before it was given',
    });
    expect(world.powerOn()).toBe('local');
  });

  it('is not over where the clock was set back by what NTP may take back', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.tick(-4 * MINUTE);
    expect(world.order()?.state.kind).toBe('open');
  });
});
