import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstallWorld, installProfile, POS_MAC } from '../../../../test/support/install-world.ts';
import type { MachineId } from '../../../model/machine.ts';
import type { ScriptAnswer } from '../../../model/signal.ts';
import { viewDetail } from './views.ts';

/** A world whose machine is installed, and is to be installed once more with its disk erased first. */
function toWipe(): InstallWorld {
  const world = new InstallWorld();
  world.powerOn();
  world.install();
  world.phoneHome();
  world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true });
  return world;
}

function wipes(world: InstallWorld): boolean {
  const answer = world.askScript();
  expect(answer.kind).toBe('install');
  return answer.kind === 'install' && answer.wipe === true;
}

const detailOf = ({ state, revision, now }: InstallWorld) =>
  viewDetail('pos-1', { state, revision, now, progressOf: () => undefined });

describe('an order that erases the disk first', () => {
  it('does so in one boot: the next one of the order installs', () => {
    const world = toWipe();
    expect(wipes(world)).toBe(true);
    world.kernel();
    expect(world.order()).toMatchObject({ wiped: 'b2', attempts: 0, state: { kind: 'open' } });
    expect(world.state.boots.get('b2')).toMatchObject({ order: 'o2', wipes: true });
    expect(world.events.findLast(({ type }) => type === 'order-wiped')).toMatchObject({
      sentence: 'pos-1: the disk is erased in boot b2, and in no later one of this order',
      boot: 'b2',
      data: { order: 'o2', wipe: true, wiped: 'b2' },
    });
    expect([wipes(world), wipes(world)]).toEqual([false, false]);
    world.install();
    world.phoneHome();
    expect(world.order()?.state.kind).toBe('confirmed');
    expect(world.types().filter((type) => type === 'order-wiped')).toHaveLength(1);
  });

  it('is told of in what people see', () => {
    const world = toWipe();
    wipes(world);
    expect(detailOf(world)?.node?.install?.orders[0]).toMatchObject({ wipe: true });
    expect(detailOf(world)?.node?.install?.orders[0]).not.toHaveProperty('wiped');
    world.kernel();
    wipes(world);
    expect(detailOf(world)?.node?.install?.orders[0]).toMatchObject({ wipe: true, wiped: 'b2' });
    expect(detailOf(world)?.boots[1]?.sentence).toBe('began anew after its system was told to erase the disk');
  });

  it('does so in the next boot if the kernel did not arrive', () => {
    const world = toWipe();
    expect(wipes(world)).toBe(true);
    const digest = installProfile().kernel.digest;
    const part = { kind: 'asset', mac: POS_MAC, digest, file: 'vmlinuz', bytesSent: 5, sizeBytes: 9 } as const;
    world.see({ ...part, done: false });
    expect(world.order()).not.toHaveProperty('wiped');
    expect(wipes(world)).toBe(true);
  });

  it('keeps the words while the same boot tries again, which has started nothing yet', () => {
    const world = toWipe();
    wipes(world);
    world.kernel();
    expect(world.askAgain()).toMatchObject({ kind: 'install', wipe: true });
    expect(wipes(world)).toBe(false);
    world.kernel();
    expect(world.askAgain()).not.toHaveProperty('wipe');
  });

  it('whose script was lost when the site was killed has had its wipe when the kernel was fetched', () => {
    const world = toWipe();
    world.see({ kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' });
    expect(world.decide(POS_MAC)).toMatchObject({ wipe: true });
    world.kernel();
    expect(world.order()).toMatchObject({ wiped: 'b2' });
    expect(wipes(world)).toBe(false);
  });

  it('whose kernel was lost too erases the disk once more, and then no more', () => {
    const world = toWipe();
    expect([wipes(world), wipes(world)]).toEqual([true, true]);
    world.kernel();
    expect(wipes(world)).toBe(false);
  });

  it('counts the kernel as attempt and as wipe where there is no configuration', () => {
    const world = new InstallWorld(installProfile('phone-home', { documents: {} }));
    world.powerOn();
    world.kernel();
    world.phoneHome();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true });
    expect(wipes(world)).toBe(true);
    world.kernel();
    expect(world.order()).toMatchObject({ wiped: 'b2', attempts: 1, state: { kind: 'installing', boot: 'b2' } });
    expect(world.state.boots.get('b2')).toMatchObject({ stage: 'installing', wipes: true });
    expect(world.powerOn()).toBe('local');
    expect(wipes(world)).toBe(false);
  });

  it('leaves the one after it alone', () => {
    const world = toWipe();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    wipes(world);
    world.kernel();
    expect(world.state.orders.get('o3')).not.toHaveProperty('wiped');
    wipes(world);
    world.install();
    world.phoneHome();
    expect([world.order()?.id, wipes(world)]).toEqual(['o3', false]);
  });

  it('is not erased by a boot that was told of the order before it', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.tick(46 * 60_000);
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true });
    world.kernel();
    expect(world.order()).toMatchObject({ id: 'o2', wipe: true });
    expect(world.order()).not.toHaveProperty('wiped');
    expect(wipes(world)).toBe(true);
  });
});

/** How many kernels went out whole, in boots of each order whose last script had the words. */
class Wipes {
  readonly boots = new Map<string, Set<string>>();
  readonly lost = new Map<string, number>();
  again = 0;
  readonly #world: InstallWorld;
  #had: string | undefined;

  constructor(world: InstallWorld) {
    this.#world = world;
  }

  told(answer: ScriptAnswer): void {
    this.#had = answer.kind === 'install' && answer.wipe ? answer.order : undefined;
    if (this.#had !== undefined) expect(this.#world.state.orders.get(this.#had)?.wipe).toBe(true);
  }

  /** `isLost`: the site was killed before it could write that down. */
  completed(isLost: boolean): void {
    if (this.#had === undefined) return;
    const boot = this.#world.state.latestBoot('m1' as MachineId)?.id ?? '';
    const boots = this.boots.get(this.#had) ?? new Set();
    if (boots.has(boot)) this.again += 1;
    this.boots.set(this.#had, boots.add(boot));
    if (isLost) this.lost.set(this.#had, (this.lost.get(this.#had) ?? 0) + 1);
  }
}

const ACTS = {
  on: (world: InstallWorld, wipes: Wipes) => wipes.told(world.askScript()),
  again: (world: InstallWorld, wipes: Wipes) => wipes.told(world.askAgain()),
  kernel: (world: InstallWorld, wipes: Wipes) => {
    world.kernel();
    wipes.completed(false);
  },
  lost: (_: InstallWorld, wipes: Wipes) => wipes.completed(true),
  secret: (world: InstallWorld) => world.secret(),
  home: (world: InstallWorld) => world.phoneHome(),
  os: (world: InstallWorld) => world.osAddress(),
  wipe: (world: InstallWorld) => void world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: true }),
  plain: (world: InstallWorld) => void world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false }),
} as const;

it('whatever happens: one completed wipe for each order and each that was not written down, and none without an order', () => {
  const seen = { once: 0, lost: 0, again: 0 };
  const names = Object.keys(ACTS) as (keyof typeof ACTS)[];
  const act = fc.constantFrom(...names, 'on' as const, 'on' as const, 'kernel' as const);
  const acts = fc.array(act, { minLength: 20, maxLength: 60 });
  const property = fc.property(fc.constantFrom({}, { documents: {} }), acts, (changes, steps) => {
    const world = new InstallWorld(installProfile('phone-home', changes));
    const wipes = new Wipes(world);
    world.powerOn();
    for (const step of steps) ACTS[step](world, wipes);
    for (const [id, boots] of wipes.boots) {
      expect(boots.size).toBeLessThanOrEqual(1 + (wipes.lost.get(id) ?? 0));
      seen[wipes.lost.has(id) ? 'lost' : 'once'] += 1;
    }
    for (const { wipe, wiped } of world.state.orders.values()) expect(wipe || wiped === undefined).toBe(true);
    seen.again += wipes.again;
  });
  fc.assert(property, { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 500 });
  // The walk went where the promises are.
  expect(Object.entries(seen).filter(([, times]) => times <= 20)).toEqual([]);
});
