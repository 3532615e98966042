import { describe, expect, it } from 'vitest';
import { InstallLife } from '../../../../test/support/install-life.ts';
import { InstallWorld, installProfile } from '../../../../test/support/install-world.ts';
import type { MachineId } from '../../../model/machine.ts';
import { COMPLETIONS, type Completion } from '../../../model/order.ts';

/** From the first power on, to which nothing is ordered yet, to the third start from the disk. */
const BOOTS = 4;

type Kill = { readonly before: number; readonly lost: number };
type Lived = { readonly world: InstallWorld; readonly life: InstallLife; readonly steps: readonly string[] };

/** The whole life of a machine, with one kill before a step, which takes the last few signals with it. */
function live(by: Completion, kill?: Kill): Lived & { readonly unsure: readonly number[] } {
  const world = new InstallWorld(installProfile(by), { armed: false, leases: true });
  // It is known, and its install is ordered and on disk: nothing that it is told later rests on what may be lost.
  world.powerOn();
  world.tell({ kind: 'arm' });
  const life = new InstallLife(world, by);
  const steps: string[] = [];
  const unsure: number[] = [];
  for (let boot = 1; boot <= BOOTS; boot++)
    for (const step of life.boot()) {
      unsure.push(world.unsure);
      if (steps.length === kill?.before) world.restart(kill.lost);
      steps.push(`boot ${boot}: ${step}`);
      // Between two boots lie more seconds than a commit takes.
      if (step === 'firmware discovers') world.settle();
    }
  return { world, life, steps, unsure };
}

describe.each(COMPLETIONS)('an install that %s completes', (by) => {
  const undisturbed = live(by);

  it('is one, and then the machine starts from its disk for ever', () => {
    expect(undisturbed.life.told).toEqual(['install', 'local', 'local', 'local']);
  });

  it('is one and is confirmed, before whichever step the site is killed and however much it forgets', () => {
    const wrong: string[] = [];
    for (const [before, step] of undisturbed.steps.entries())
      for (let lost = 0; lost <= (undisturbed.unsure[before] ?? 0); lost++) {
        const { world, life } = live(by, { before, lost });
        const order = world.order();
        const came = `${life.told.join(' ')}, ${life.installs} installs, ${order?.state.kind} after ${order?.attempts}`;
        const binding = world.state.currentBinding('pos-1');
        const isRight =
          life.installs === 1 &&
          order?.state.kind === 'confirmed' &&
          order.attempts === 1 &&
          binding?.installed &&
          binding.health === 'enrolled';
        if (!isRight || life.told.at(-1) !== 'local') wrong.push(`killed before ${step}, ${lost} lost: ${came}`);
      }
    expect(wrong).toEqual([]);
  });
});

describe('a disk that started while the site was killed', () => {
  function untilItsDisk(): InstallWorld {
    const world = new InstallWorld(installProfile('disk-boot'), { leases: true });
    world.powerOn();
    world.install();
    expect(world.powerOn()).toBe('local');
    return world;
  }

  it('completes its install although the script that sent it there is forgotten', () => {
    const world = untilItsDisk();
    world.restart(1);
    expect(world.state.latestBoot('m1' as MachineId)?.outcome).toBeUndefined();
    world.osAddress();
    expect([world.order()?.state.kind, world.powerOn(), world.installs]).toEqual(['confirmed', 'local', 1]);
  });

  it('completes its install by its lease although its address is forgotten', () => {
    const world = untilItsDisk();
    world.osAddress();
    expect(world.order()?.state.kind).toBe('confirmed');
    world.restart(1);
    expect([world.order()?.state.kind, world.powerOn(), world.installs]).toEqual(['confirmed', 'local', 1]);
  });

  it('completes nothing by the lease of the installer', () => {
    const world = new InstallWorld(installProfile('disk-boot'), { leases: true });
    world.powerOn();
    world.install();
    world.osAddress();
    world.restart();
    expect(world.order()?.state.kind).toBe('installing');
    world.powerOn();
    world.restart();
    expect(world.order()?.state.kind).toBe('installing');
  });
});
