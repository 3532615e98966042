import { describe, expect, it } from 'vitest';
import {
  InstallWorld,
  installProfile,
  installRevision,
  OTHER_MAC,
  POS_MAC,
} from '../../../../test/support/install-world.ts';
import { sampleSlot } from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { DOUBT } from '../../../model/order.ts';
import { applyChanges } from '../../../model/state.ts';
import { viewInstall } from './view-install.ts';
import { viewDetail } from './views.ts';

const MINUTE = 60_000;

function look(world: InstallWorld, slot = 'pos-1') {
  const { state, revision, now } = world;
  const view = revision.slots[slot] && viewInstall(revision.slots[slot], state, now);
  return view && { because: view.because, toDo: view.toDo, differs: view.differs, first: view.orders[0]?.sentence };
}

describe('what a person reads of installs', () => {
  it('from the order to the disk', () => {
    const world = new InstallWorld();
    world.powerOn();
    expect(look(world)).toEqual({
      because: undefined,
      toDo: undefined,
      differs: false,
      first: 'installs when its machine boots from the network, for another 44 min 58 s',
    });
    world.install();
    expect(look(world)?.first).toContain('attempt 1 of 3');
    expect(look(world)?.because).toBe('its installer has begun, and its disk is tried next');
    world.phoneHome();
    expect(look(world)).toMatchObject({
      because: 'it is installed',
      first: 'installed with attempt 1 of 3, proved by phone-home',
    });
    world.revision = installRevision(installProfile('phone-home', { digest: 'f'.repeat(64) as Digest }));
    expect(look(world)?.differs).toBe(true);
  });

  it.each<[string, (world: InstallWorld) => void, string, string | undefined]>([
    ['parked', (world) => world.tick(60 * MINUTE), 'parked: nobody began it within 45 min', 'slipway reinstall pos-1'],
    [
      'held',
      (world) => world.tell({ kind: 'hold', slot: 'pos-1', on: true }),
      'held by cli',
      'slipway hold pos-1 --off',
    ],
    ['empty', (world) => world.tell({ kind: 'release', slot: 'pos-1' }), 'no machine fills it', undefined],
    [
      'another profile',
      (world) => {
        world.revision = installRevision(installProfile('phone-home', { digest: 'f'.repeat(64) as Digest }));
      },
      'its order is for an earlier version of demo',
      'slipway reinstall pos-1',
    ],
  ])('why not, and what to do: %s', (_name, happen, because, toDo) => {
    const world = new InstallWorld();
    world.powerOn();
    happen(world);
    const seen = look(world);
    expect(seen?.because).toBe(because);
    if (toDo === undefined) expect(seen?.toDo).toBeUndefined();
    else expect(seen?.toDo).toContain(toDo);
  });

  it('why not: a site that is not armed, or does not know for certain', () => {
    const world = new InstallWorld(undefined, { armed: false });
    expect(look(world)).toMatchObject({
      because: 'the site is not armed yet',
      toDo: 'if this is a new store: slipway arm',
    });
    applyChanges(world.state, [
      { table: 'marks', key: DOUBT, row: { at: 0, by: 'the site', because: 'it was restored' } },
    ]);
    expect(look(world)?.because).toBe('the site is disarmed: it was restored');
    world.tell({ kind: 'arm' });
    world.now = 0;
    expect(look(world)?.because).toBe('the clock of this site was never set');
  });

  it('nothing for a slot that runs from memory', () => {
    const world = new InstallWorld();
    expect(viewInstall(sampleSlot(), world.state, world.now)).toBeUndefined();
  });
});

describe('what can be done', () => {
  it('says whether the slot is held, and whether an order can erase its disk', () => {
    const world = new InstallWorld();
    const view = () =>
      world.revision.slots['pos-1'] && viewInstall(world.revision.slots['pos-1'], world.state, world.now);
    world.powerOn();
    expect([view()?.held, view()?.mayWipe]).toEqual([undefined, true]);
    world.tell({ kind: 'hold', slot: 'pos-1', on: true });
    const { wipe: _words, ...install } = installProfile().install ?? {
      completes: 'api',
      attempts: 1,
      withinSeconds: 1,
    };
    world.revision = installRevision(installProfile('api', { install }));
    expect([view()?.held, view()?.mayWipe]).toEqual([true, undefined]);
  });
});

describe('a held machine', () => {
  const thirdMac = '52:54:00:00:00:03' as MacAddress;
  const proposals = (world: InstallWorld, id: string) => {
    const { state, revision, now } = world;
    return viewDetail(id, { state, revision, now, progressOf: () => undefined })?.machine?.proposals;
  };
  const say = (world: InstallWorld, mac: MacAddress, product: string) =>
    world.see({
      kind: 'script',
      claim: { mac, product },
      address: '10.0.0.11' as never,
      answer: { kind: 'hold', code: 'ABCD' },
    });

  it('is proposed for the empty slot, while the machine of the other one is there', () => {
    const world = new InstallWorld();
    world.powerOn(POS_MAC);
    say(world, OTHER_MAC, 'NUC11');
    expect(proposals(world, 'm2')).toEqual([{ command: 'claim', slot: 'pos-2', because: 'empty, the only one' }]);
  });

  it('is proposed in place of a silent machine of the same model before anything else', () => {
    const world = new InstallWorld();
    say(world, POS_MAC, 'NUC11');
    world.tick(20 * MINUTE);
    say(world, OTHER_MAC, 'NUC11');
    say(world, thirdMac, 'Other');
    expect(proposals(world, 'm2')).toEqual([
      { command: 'replace', slot: 'pos-1', because: 'its machine is silent, and of the same model, the only one' },
    ]);
    expect(proposals(world, 'm3')?.map(({ command, slot }) => `${command} ${slot}`)).toEqual([
      'replace pos-1',
      'claim pos-2',
    ]);
  });
});
