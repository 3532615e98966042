import { describe, expect, it } from 'vitest';
import {
  InstallWorld,
  installProfile,
  installRevision,
  OTHER_MAC,
  POS_MAC,
} from '../../../../test/support/install-world.ts';
import { POS_ADDRESS, sampleRevision, sampleSlot } from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import { DOUBT } from '../../../model/order.ts';
import { applyChanges } from '../../../model/state.ts';

const MINUTE = 60_000;

describe('the first filling of a slot', () => {
  it('orders the install in an armed site, and installs in the same boot', () => {
    const world = new InstallWorld();
    expect(world.powerOn()).toBe('install');
    expect(world.order()).toMatchObject({
      state: { kind: 'open' },
      by: { kind: 'revision', name: 'retail' },
      binding: 1,
      attempts: 0,
      maxAttempts: 3,
    });
    expect(world.order()?.expiresAt).toBe((world.order()?.createdAt ?? 0) + 45 * MINUTE);
  });

  it('orders nothing in a site that is not armed', () => {
    const world = new InstallWorld(undefined, { armed: false });
    expect(world.powerOn()).toBe('local');
    expect(world.order()).toBeUndefined();
  });

  it('orders nothing where the site does not know for certain what is installed', () => {
    const world = new InstallWorld();
    applyChanges(world.state, [{ table: 'marks', key: DOUBT, row: { at: 0, by: 'the site' } }]);
    expect(world.powerOn()).toBe('local');
  });

  it('orders nothing when a template gives the slot to another machine, or a machine another slot', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.secret();
    world.phoneHome();
    world.revision = sampleRevision({
      slots: { 'pos-1': sampleSlot({ profile: installProfile(), match: [{ mac: OTHER_MAC }] }) },
    });
    expect(world.powerOn(OTHER_MAC)).toBe('local');
    world.revision = sampleRevision({
      slots: { 'pos-9': sampleSlot({ name: 'pos-9', profile: installProfile(), match: [{ mac: POS_MAC }] }) },
    });
    expect(world.powerOn()).toBe('local');
    expect(world.state.orders.size).toBe(1);
  });
});

describe('an install', () => {
  it('that phones home is confirmed; from then on the machine boots its disk', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    expect(world.order()).toMatchObject({ attempts: 1, state: { kind: 'installing', boot: 'b1' } });
    expect(world.state.boots.get('b1')).toMatchObject({ stage: 'installing', order: 'o1' });
    world.phoneHome();
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'phone-home', boot: 'b1' });
    expect(world.state.boots.get('b1')).toMatchObject({ stage: 'done', outcome: { kind: 'installed' } });
    expect(world.state.currentBinding('pos-1')).toMatchObject({
      health: 'enrolled',
      enrolledBy: 'b1',
      installed: { order: 'o1', profile: world.order()?.profile },
    });
    expect([world.powerOn(), world.powerOn(), world.installs]).toEqual(['local', 'local', 1]);
  });

  it('counts one attempt for all that one boot fetches', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    world.secret();
    world.secret();
    expect(world.order()?.attempts).toBe(1);
    expect(world.types().filter((type) => type === 'secret-fetched')).toHaveLength(3);
  });

  it('without a secret counts the configuration, and without any configuration the kernel', () => {
    const text = { kind: 'text', text: 'x', fill: true, secret: false } as const;
    const open = new InstallWorld(
      installProfile('phone-home', { documents: { preseed: text, 'network-config': text } }),
    );
    open.powerOn();
    open.kernel();
    open.see({ kind: 'document', mac: POS_MAC, document: 'network-config', address: '10.0.0.11' as never });
    expect(open.order()?.attempts).toBe(0);
    open.see({ kind: 'document', mac: POS_MAC, document: 'preseed', address: '10.0.0.11' as never });
    expect(open.order()?.attempts).toBe(1);
    const bare = new InstallWorld(installProfile('phone-home', { documents: {} }));
    bare.powerOn();
    expect(bare.order()?.attempts).toBe(0);
    bare.kernel();
    expect(bare.order()?.attempts).toBe(1);
  });

  const preseed = { preseed: { kind: 'text', text: 'x', fill: true, secret: false } } as const;
  const fetchPreseed = (world: InstallWorld) =>
    world.see({ kind: 'document', mac: POS_MAC, document: 'preseed', address: POS_ADDRESS });

  it('without a secret is counted although its script and its kernel were forgotten in a kill', () => {
    const world = new InstallWorld(installProfile('phone-home', { documents: preseed }));
    world.powerOn();
    world.settle();
    expect(world.powerOn()).toBe('install');
    world.kernel();
    world.restart(2);
    world.osAddress();
    expect(world.state.boots.get('b2')?.outcome).toMatchObject({ kind: 'local' });
    fetchPreseed(world);
    expect(world.order()).toMatchObject({ attempts: 1, state: { kind: 'installing', boot: 'b2' } });
    expect(world.powerOn()).toBe('local');
  });

  it('without a secret and without a script is counted each time that it is ordered', () => {
    const world = new InstallWorld(installProfile('phone-home', { documents: preseed }));
    world.osAddress();
    fetchPreseed(world);
    world.phoneHome();
    expect(world.order()).toMatchObject({ id: 'o1', attempts: 1, state: { kind: 'confirmed' } });
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false }, MINUTE);
    fetchPreseed(world);
    expect(world.order()).toMatchObject({ id: 'o2', attempts: 1, state: { kind: 'installing', boot: 'b2' } });
  });

  it('that fails three times ends parked, with its disk tried after each', () => {
    const world = new InstallWorld();
    const did: string[] = [];
    for (let i = 0; i < 4; i++) {
      const answer = world.powerOn();
      did.push(answer);
      if (answer === 'install') world.install();
      did.push(world.powerOn());
    }
    expect(did).toEqual(['install', 'local', 'install', 'local', 'install', 'local', 'local', 'local']);
    expect(world.order()).toMatchObject({
      attempts: 3,
      state: { kind: 'parked', because: '3 of 3 attempts did not complete' },
    });
    expect(world.types().filter((type) => type === 'order-parked')).toHaveLength(1);
  });

  it('is not done again while the firmware that was sent to its disk still asks by its other ways', () => {
    const world = new InstallWorld();
    expect(world.powerOn()).toBe('install');
    world.install();
    expect(world.powerOn()).toBe('local');
    for (const clientKind of ['unsupported', 'uefi-x64', 'unsupported']) {
      world.see({ kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind, message: 'discover' }, 60_000);
      expect(world.decide(POS_MAC).kind).toBe('local');
    }
    expect(world.order()).toMatchObject({ attempts: 1, state: { kind: 'installing' } });
    expect(world.installs).toBe(1);
  });

  it('that takes too long is parked, and confirmed all the same if it tells so later', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    world.tick(46 * MINUTE);
    expect(world.order()?.state).toMatchObject({ kind: 'parked', because: 'it was not complete within 45 min' });
    world.phoneHome(POS_MAC, 40 * MINUTE);
    expect(world.order()?.state.kind).toBe('confirmed');
    expect(world.powerOn()).toBe('local');
  });

  it('that nobody begins is parked by the clock', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.tick(46 * MINUTE);
    expect(world.order()?.state).toMatchObject({ kind: 'parked', because: 'nobody began it within 45 min' });
  });

  it('is not proved by a token from before it', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    world.phoneHome(POS_MAC, 60 * MINUTE);
    expect(world.order()?.state.kind).toBe('installing');
  });

  it('is not proved by what does not complete it, and the boot is then not taken for a live one', () => {
    const world = new InstallWorld(installProfile('disk-boot'));
    world.powerOn();
    world.install();
    world.phoneHome();
    expect(world.order()?.state.kind).toBe('installing');
    expect(world.state.boots.get('b1')?.outcome).toBeUndefined();
  });

  it('whose script was lost when the site was killed is an attempt, and is confirmed', () => {
    const world = new InstallWorld();
    world.see({ kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' });
    expect(world.decide(POS_MAC).kind).toBe('install');
    world.install();
    expect(world.order()?.attempts).toBe(1);
    world.phoneHome();
    expect([world.order()?.state.kind, world.powerOn()]).toEqual(['confirmed', 'local']);
  });

  it('whose attempt was lost when the site was killed is confirmed', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.phoneHome();
    expect([world.order()?.state.kind, world.powerOn()]).toEqual(['confirmed', 'local']);
  });

  it('a new revision orders nothing', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    world.phoneHome();
    world.revision = installRevision(installProfile('phone-home', { digest: 'f'.repeat(64) as Digest }));
    expect([world.powerOn(), world.state.orders.size]).toEqual(['local', 1]);
  });
});

describe('what completes an install', () => {
  it('report: also behind more reports than are kept', () => {
    const world = new InstallWorld(installProfile('report'));
    world.powerOn();
    world.install();
    const report = { kind: 'report', mac: POS_MAC, issuedAt: world.now, phase: 'finish', result: 'SUCCESS' } as const;
    for (let i = 0; i < 300; i++) world.see({ ...report, name: `subiquity/${i}` }, 100);
    world.see({ ...report, name: 'modules-final' });
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'report' });
  });

  it('report: the last stage of cloud-init, if it went well', () => {
    const world = new InstallWorld(installProfile('report'));
    world.powerOn();
    world.install();
    const report = { kind: 'report', mac: POS_MAC, issuedAt: world.now, phase: 'finish' } as const;
    world.see({ ...report, name: 'modules-config', result: 'SUCCESS' });
    world.see({ ...report, name: 'modules-final', result: 'FAIL' });
    expect(world.order()?.state.kind).toBe('installing');
    world.see({ ...report, name: 'modules-final', result: 'SUCCESS' });
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'report' });
  });

  it('talos-running: in the boot from the disk', () => {
    const world = new InstallWorld(installProfile('talos-running'));
    world.powerOn();
    world.install();
    expect(world.powerOn()).toBe('local');
    world.see({ kind: 'talos-event', mac: POS_MAC, what: 'running', stage: 'machine', failed: false });
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'talos-running' });
  });

  it('disk-boot: configuration, local boot, and an address without a kernel between', () => {
    const world = new InstallWorld(installProfile('disk-boot'));
    world.powerOn();
    world.install();
    world.osAddress();
    expect(world.order()?.state.kind).toBe('installing');
    expect(world.powerOn()).toBe('local');
    expect(world.order()?.state.kind).toBe('installing');
    world.osAddress();
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'disk-boot' });
    expect([world.powerOn(), world.installs]).toEqual(['local', 1]);
  });

  it('disk-boot: not before the configuration was fetched', () => {
    const world = new InstallWorld(installProfile('disk-boot'));
    world.powerOn();
    world.see({
      kind: 'script',
      claim: { mac: POS_MAC },
      address: '10.0.0.11' as never,
      answer: { kind: 'local', because: 'x' },
    });
    world.osAddress();
    expect(world.order()?.state.kind).toBe('open');
  });

  it('api: a person who knows', () => {
    const world = new InstallWorld(installProfile('api'));
    world.powerOn();
    world.install();
    world.phoneHome();
    expect(world.order()?.state.kind).toBe('installing');
    expect(world.tell({ kind: 'confirm', slot: 'pos-1' })).toBe(
      'pos-1 is installed; from now on it boots its own disk.',
    );
    expect(world.order()?.state).toMatchObject({ kind: 'confirmed', by: 'api' });
  });
});

it('a refused secret is an event with the address that asked', () => {
  const world = new InstallWorld();
  world.see({ kind: 'secret-refused', address: '10.0.0.66' as never, because: 'its token is for another machine' });
  expect(world.events.at(-1)).toMatchObject({ type: 'secret-refused', data: { address: '10.0.0.66' } });
});

describe('an order that is given while the installer of an ended one is under way', () => {
  it('has its attempt when the configuration is fetched, and erases nothing once more', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.kernel();
    world.tick(46 * MINUTE);
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    world.secret();
    expect(world.order()).toMatchObject({ id: 'o2', attempts: 1, state: { kind: 'installing', boot: 'b1' } });
    expect(world.powerOn()).toBe('local');
    world.phoneHome();
    expect([world.order()?.state.kind, world.powerOn(), world.installs]).toEqual(['confirmed', 'local', 1]);
  });

  it('has none when the one before it is confirmed: its installer has done its work', () => {
    const world = new InstallWorld();
    world.powerOn();
    world.install();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    world.phoneHome();
    world.secret();
    expect(world.order()).toMatchObject({ id: 'o2', attempts: 0, state: { kind: 'open' } });
  });
});

describe('a system without a boot script of ours, which asks for one secret document', () => {
  const state = (world: InstallWorld) => [world.order()?.state.kind, world.order()?.attempts];

  it('is a boot, and its fetch an attempt', () => {
    const world = new InstallWorld();
    world.osAddress();
    expect(state(world)).toEqual(['open', 0]);
    world.secret();
    world.secret();
    expect(state(world)).toEqual(['installing', 1]);
    expect(world.types()).toContain('secret-fetched');
    world.phoneHome();
    expect(state(world)).toEqual(['confirmed', 1]);
  });

  it('is the next boot once it is to be installed again', () => {
    const world = new InstallWorld();
    world.osAddress();
    world.secret();
    world.phoneHome();
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    world.secret();
    expect(state(world)).toEqual(['installing', 1]);
    expect(world.state.boots.size).toBe(2);
  });
});

it('an installed system that looks at its seed at a start from its disk opens no boot', () => {
  const world = new InstallWorld();
  world.powerOn();
  world.install();
  world.phoneHome();
  expect(world.powerOn()).toBe('local');
  world.osAddress();
  const boots = world.state.boots.size;
  world.see({ kind: 'document', mac: POS_MAC, document: 'meta-data', address: POS_ADDRESS });
  expect(world.state.boots.size).toBe(boots);
  expect([...world.state.boots.values()].at(-1)?.outcome?.kind).toBe('local');
});

describe('a configuration without a secret', () => {
  const profile = installProfile('disk-boot', {
    documents: { preseed: { kind: 'text', text: 'd-i x/y string z\n', fill: true, secret: false } },
  });
  const preseed = (world: InstallWorld) =>
    world.see({ kind: 'document', mac: POS_MAC, document: 'preseed', address: POS_ADDRESS });

  it('is an attempt also if script and kernel of its boot were lost with a kill', () => {
    const world = new InstallWorld(profile, { leases: true });
    world.see({ kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' });
    world.settle();
    expect(world.decide(POS_MAC).kind).toBe('install');
    world.restart();
    world.osAddress();
    expect([...world.state.boots.values()].at(-1)?.outcome?.kind).toBe('local');
    preseed(world);
    expect(world.order()).toMatchObject({ attempts: 1, state: { kind: 'installing' } });
    expect(world.powerOn()).toBe('local');
  });

  it('is an attempt of the next boot where a system without a script of ours is installed again', () => {
    const world = new InstallWorld(profile);
    world.osAddress();
    preseed(world);
    world.tell({ kind: 'confirm', slot: 'pos-1' });
    world.tell({ kind: 'reinstall', slot: 'pos-1', wipe: false });
    preseed(world);
    expect(world.order()).toMatchObject({ id: 'o2', attempts: 1, state: { kind: 'installing' } });
    expect(world.state.boots.size).toBe(2);
  });
});
