import { describe, expect, it } from 'vitest';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  POS_UUID,
  sampleLease,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot } from '../../../model/boot.ts';
import type { EventType, NewEvent } from '../../../model/event.ts';
import { findSlot } from '../../../model/identity.ts';
import type { MachineId } from '../../../model/machine.ts';
import type { Revision } from '../../../model/revision.ts';
import type { ScriptAnswer, Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';

type Dhcp = Extract<Signal, { kind: 'dhcp' }>;

function dhcp(at: number, client: Dhcp['client'], message: Dhcp['message'], more: Partial<Dhcp> = {}): Signal {
  return { kind: 'dhcp', at: T0 + at, mac: POS_MAC, client, clientKind: 'bios', message, ...more };
}

const live: ScriptAnswer = { kind: 'live', slot: 'pos-1', profile: 'demo' };

function script(
  at: number,
  answer: ScriptAnswer = live,
  mac: MacAddress = POS_MAC,
  more: { errno?: string; serial?: string; uuid?: string } = {},
): Signal {
  const { serial, uuid, ...rest } = more;
  return {
    kind: 'script',
    at: T0 + at,
    claim: { mac, ...(serial ? { serial } : {}), ...(uuid ? { uuid } : {}) },
    address: POS_ADDRESS,
    answer,
    ...rest,
  };
}

function asset(at: number, done = false): Signal {
  const digest = 'a'.repeat(64) as Digest;
  return { kind: 'asset', at: T0 + at, mac: POS_MAC, digest, file: 'vmlinuz', bytesSent: 40, sizeBytes: 100, done };
}

function document(at: number, name: string): Signal {
  return { kind: 'document', at: T0 + at, mac: POS_MAC, document: name, address: POS_ADDRESS };
}

function phoneHome(at: number, issuedAt = at): Signal {
  return {
    kind: 'phone-home',
    at: T0 + at,
    mac: POS_MAC,
    issuedAt: T0 + issuedAt,
    hostname: 'pos-1',
    instanceId: 'pos-1.1',
  };
}

function report(at: number, name = 'init-network', issuedAt = at): Signal {
  return {
    kind: 'report',
    at: T0 + at,
    mac: POS_MAC,
    issuedAt: T0 + issuedAt,
    name,
    phase: 'finish',
    result: 'SUCCESS',
  };
}

/** Firmware, its loader, its script, its kernel and its system, in the order of a real BIOS machine. */
const wholeBoot: readonly Signal[] = [
  dhcp(0, 'firmware', 'discover', { uuid: POS_UUID }),
  dhcp(1_000, 'firmware', 'request', { uuid: POS_UUID }),
  { kind: 'loader', at: T0 + 1_500, mac: POS_MAC, file: 'undionly.kpxe', done: true },
  dhcp(3_000, 'ipxe', 'discover'),
  dhcp(4_000, 'ipxe', 'request'),
  script(5_000),
  asset(6_000),
  asset(7_000, true),
  dhcp(20_000, 'os', 'discover'),
  dhcp(21_000, 'os', 'request', { hostname: 'pos-1' }),
  document(22_000, 'meta-data'),
  document(22_500, 'user-data'),
  report(23_000),
  phoneHome(30_000, 22_000),
];

const DAY = 24 * 60 * 60_000;

class World {
  readonly state = createState();
  readonly memory = new Memory();
  readonly events: NewEvent[] = [];
  revision: Revision | undefined = sampleRevision();

  /** One batch; answers how much it wrote. */
  tell(...signals: readonly Signal[]): { readonly rows: number; readonly types: readonly EventType[] } {
    const { changes, events } = reduce(this.state, signals, { memory: this.memory, revision: this.revision });
    applyChanges(this.state, changes);
    this.events.push(...events);
    return { rows: changes.length, types: events.map(({ type }) => type) };
  }

  /** Each signal as a batch of its own. */
  tellEach(signals: readonly Signal[]): void {
    for (const signal of signals) this.tell(signal);
  }

  get boots(): readonly Boot[] {
    return [...this.state.boots.values()];
  }
}

describe('a whole boot', () => {
  it('comes out the same in one batch and signal by signal', () => {
    const together = new World();
    together.tell(...wholeBoot);
    const apart = new World();
    apart.tellEach(wholeBoot);
    expect(together.boots).toEqual(apart.boots);
    expect([...together.state.machines.values()]).toEqual([...apart.state.machines.values()]);
    expect(together.events).toEqual(apart.events);
  });

  it('is one boot, opened when its firmware was first heard, with a time for each stage', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    expect(world.boots).toEqual([
      {
        id: 'b1',
        machine: 'm1',
        mac: POS_MAC,
        client: 'bios',
        slot: 'pos-1',
        binding: 1,
        revision: 'c'.repeat(64),
        openedAt: T0,
        stage: 'done',
        reached: {
          seen: T0,
          loader: T0 + 1_500,
          script: T0 + 5_000,
          kernel: T0 + 6_000,
          os: T0 + 21_000,
          configured: T0 + 22_500,
          done: T0 + 30_000,
        },
        ran: true,
        outcome: { kind: 'live' },
        closedAt: T0 + 30_000,
      },
    ]);
  });

  it('tells what happened, in its order', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    expect(world.events.map(({ type, sentence }) => `${type}: ${sentence}`)).toMatchInlineSnapshot(`
      [
        "machine-seen: machine 52:54:00:00:00:01 was seen for the first time",
        "slot-filled: machine 52:54:00:00:00:01 fills pos-1",
        "boot-opened: machine 52:54:00:00:00:01 was switched on",
        "boot-stage: pos-1: its loader runs, 1.5 s after it was switched on",
        "boot-stage: pos-1: has its script, 5.0 s after it was switched on",
        "boot-stage: pos-1: fetches its system, 6.0 s after it was switched on",
        "boot-stage: pos-1: its system runs, 21.0 s after it was switched on",
        "boot-stage: pos-1: its system has its configuration, 22.5 s after it was switched on",
        "node-reported: pos-1: init-network, finished: SUCCESS",
        "boot-stage: pos-1: done, 30.0 s after it was switched on",
        "boot-closed: pos-1: up after 30.0 s",
        "node-enrolled: pos-1 is enrolled: machine 52:54:00:00:00:01, 30.0 s after it was switched on",
      ]
    `);
  });

  it('makes the binding enrolled, by this boot', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    expect(world.state.currentBinding('pos-1')).toEqual({
      slot: 'pos-1',
      number: 1,
      machine: 'm1',
      since: T0 + 1_000,
      health: 'enrolled',
      enrolledAt: T0 + 30_000,
      enrolledBy: 'b1',
    });
  });
});

describe('DISCOVER', () => {
  it('writes nothing, however many there are', () => {
    const world = new World();
    for (let i = 0; i < 10_000; i++) {
      const mac =
        `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}` as MacAddress;
      expect(world.tell(dhcp(i, 'firmware', 'discover', { mac }))).toEqual({ rows: 0, types: [] });
    }
    expect(world.memory.sightings).toBe(4096);
  });

  it('of a firmware after its script opens the next boot, and the former is superseded', () => {
    const world = new World();
    world.tellEach([
      ...wholeBoot.slice(0, 8),
      dhcp(60_000, 'firmware', 'discover'),
      dhcp(61_000, 'firmware', 'request'),
    ]);
    expect(world.boots.map(({ id, openedAt, outcome }) => ({ id, openedAt, outcome }))).toEqual([
      { id: 'b1', openedAt: T0, outcome: { kind: 'superseded' } },
      { id: 'b2', openedAt: T0 + 60_000, outcome: undefined },
    ]);
  });

  it('of a ROM that is iPXE opens a boot like any firmware', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'ipxe', 'discover'), dhcp(500, 'ipxe', 'request'), script(900)]);
    world.tellEach([dhcp(60_000, 'ipxe', 'discover'), dhcp(60_500, 'ipxe', 'request')]);
    expect(world.boots.map(({ openedAt, stage }) => [openedAt - T0, stage])).toEqual([
      [0, 'script'],
      [60_000, 'loader'],
    ]);
  });

  it('does not begin with a loader that asks over and over', () => {
    const world = new World();
    const givenUp = { kind: 'local', because: 'its files did not arrive' } as const;
    for (let i = 0; i < 100; i++) world.tell(script(i * 10, i % 2 ? live : givenUp));
    expect(world.boots).toHaveLength(1);
    world.tell(script(60_000));
    expect(world.boots).toHaveLength(2);
  });

  it('after a long silence is another boot, though the first never got its script', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'discover'), dhcp(1_000, 'firmware', 'request')]);
    world.tellEach([dhcp(3_600_000, 'firmware', 'discover'), dhcp(3_601_000, 'firmware', 'request')]);
    expect(world.boots.map(({ openedAt }) => openedAt - T0)).toEqual([0, 3_600_000]);
  });

  it('that was lost in a restart of the site costs a second of the timeline and nothing else', () => {
    const world = new World();
    world.tellEach(wholeBoot.slice(1));
    expect(world.boots.map(({ openedAt, outcome }) => [openedAt - T0, outcome?.kind])).toEqual([[1_000, 'live']]);
  });
});

describe('beside a server that leases', () => {
  const loader = (at: number, done = true): Signal => ({
    ...{ kind: 'loader', at: T0 + at, mac: POS_MAC, file: 'undionly.kpxe', done },
  });

  it('a boot is opened by the loader that its machine fetched, and began with its DISCOVER', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'discover', { uuid: POS_UUID }), loader(900, false), loader(1_000)]);
    expect(world.boots).toMatchObject([
      { slot: 'pos-1', client: 'bios', openedAt: T0, stage: 'loader', reached: { seen: T0, loader: T0 + 1_000 } },
    ]);
    const [machine] = world.state.machines.values();
    expect(machine?.evidence.map(({ kind, value }) => `${kind} ${value}`)).toEqual(
      expect.arrayContaining([`mac ${POS_MAC}`, `uuid ${POS_UUID}`, 'firmware bios']),
    );
    world.tellEach([dhcp(2_000, 'ipxe', 'discover'), script(4_000)]);
    expect(world.boots).toMatchObject([{ stage: 'script' }]);
  });

  it('a ROM that is iPXE has no loader: its script opens the boot, and the next after another DISCOVER', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'ipxe', 'discover', { clientKind: 'ipxe' }), script(2_000)]);
    world.tellEach([script(30_000, live, POS_MAC, { errno: '0x1' })]);
    expect(world.boots).toMatchObject([{ client: 'ipxe', openedAt: T0, stage: 'script' }]);
    world.tellEach([dhcp(60_000, 'ipxe', 'discover', { clientKind: 'ipxe' }), script(62_000)]);
    expect(world.boots).toMatchObject([
      { outcome: { kind: 'superseded' } },
      { openedAt: T0 + 60_000, stage: 'script' },
    ]);
  });

  it('who comes with the UUID of an enrolled machine, which no lease shows to be on or off, is somebody else', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'discover', { uuid: POS_UUID }), ...wholeBoot.slice(2)]);
    expect(world.state.currentBinding('pos-1')).toMatchObject({ machine: 'm1', health: 'enrolled' });
    const claim = { mac: OTHER_MAC, uuid: POS_UUID };
    expect(findSlot(claim, world.state, sampleRevision(), T0 + DAY)).toMatchObject({ kind: 'taken', why: 'uuid' });
  });

  it('who fetches a loader without having asked is nobody', () => {
    expect(new World().tell(loader(0))).toEqual({ rows: 0, types: [] });
  });
});

describe('phone-home', () => {
  it('a second time changes nothing', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    expect(world.tell(phoneHome(30_500, 22_000))).toEqual({ rows: 0, types: [] });
  });

  it('with a token of an older boot counts for nothing', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    world.tellEach([dhcp(100_000, 'firmware', 'discover'), dhcp(101_000, 'firmware', 'request'), script(102_000)]);
    expect(world.tell(phoneHome(103_000, 22_000))).toEqual({ rows: 0, types: [] });
    expect(world.boots[1]?.stage).toBe('script');
    expect(world.tell(phoneHome(104_000, 103_500)).types).toContain('node-enrolled');
  });

  it('of a machine that nobody knows is heard politely', () => {
    expect(new World().tell(phoneHome(0))).toEqual({ rows: 0, types: [] });
  });

  it('of a machine that lost its slot meanwhile enrols nobody', () => {
    const world = new World();
    world.tellEach(wholeBoot.slice(0, 8));
    world.revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ match: [{ mac: OTHER_MAC }] }) } });
    world.tellEach([dhcp(10_000, 'firmware', 'request', { mac: OTHER_MAC })]);
    expect(world.tell(phoneHome(30_000, 22_000)).types).not.toContain('node-enrolled');
    expect(world.state.currentBinding('pos-1')).toMatchObject({ number: 2, machine: 'm2', health: 'waiting' });
  });
});

describe('a live system', () => {
  it.each([
    ['user-data', 'configured'],
    ['talos', 'configured'],
    ['network-config', 'os'],
  ])('that fetches a secret %s is %s', (document, stage) => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'request'), script(1_000), asset(2_000, true)]);
    world.tell({ kind: 'secret-document', at: T0 + 9_000, mac: POS_MAC, document, address: POS_ADDRESS });
    expect(world.state.boots.get('b1')).toMatchObject({ stage, reached: { [stage]: T0 + 9_000 } });
  });
});

describe('reports', () => {
  it('are kept, two hundred of a boot at most', () => {
    const world = new World();
    world.tellEach(wholeBoot.slice(0, 8));
    for (let i = 0; i < 250; i++) world.tell(report(10_000 + i));
    expect(world.events.filter(({ type }) => type === 'node-reported')).toHaveLength(200);
  });

  it('say what went wrong in the loader', () => {
    const world = new World();
    world.tell(script(0, live, POS_MAC, { errno: '4c0a6092: the site did not answer (TCP timed out), at kernel' }));
    expect(world.events.at(-2)?.sentence).toBe(
      'machine 52:54:00:00:00:01: its loader reports 4c0a6092: the site did not answer (TCP timed out), at kernel',
    );
  });
});

describe('an image that a machine pulled', () => {
  const pulled = (at: number, image = 'registry.test/pos/app:1.4'): Signal => ({
    ...{ kind: 'image', at: T0 + at, mac: POS_MAC },
    ...{ image, sizeBytes: 12_000_000 },
  });

  it('is an event of its slot, and no step of its boot', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    const [before] = world.boots;
    expect(world.tell(pulled(60_000))).toEqual({ rows: 0, types: ['image-pulled'] });
    expect(world.events.at(-1)).toMatchObject({
      sentence: 'pos-1 pulled registry.test/pos/app:1.4, 12 MB',
      ...{ slot: 'pos-1', boot: before?.id, data: { image: 'registry.test/pos/app:1.4', sizeBytes: 12_000_000 } },
    });
    expect(world.boots).toEqual([before]);
  });

  it('is told once in an hour, and of so many images at most, however often a machine pulls', () => {
    const world = new World();
    world.tellEach(wholeBoot);
    const loop = Array.from({ length: 100 }, (_, i) => pulled(60_000 + i * 1_000));
    expect(world.tell(...loop).types).toEqual(['image-pulled']);
    expect(world.tell(pulled(60_000 + 60 * 60_000)).types).toEqual(['image-pulled']);
    const many = Array.from({ length: 100 }, (_, i) => pulled(2 * DAY, `registry.test/pos/app:${i}`));
    expect(world.tell(...many).types.length).toBe(50);
  });

  it('of a machine that nobody knows is nothing', () => {
    expect(new World().tell(pulled(0)).types).toEqual([]);
  });
});

describe('slots', () => {
  it('a machine in none is held, once', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'request', { mac: OTHER_MAC })]);
    world.tellEach([1, 2, 3].map((i) => script(i * 5_000, { kind: 'hold', code: 'ABCD' }, OTHER_MAC)));
    expect(world.events.map(({ type }) => type)).toEqual(['machine-seen', 'boot-opened', 'boot-stage', 'machine-held']);
    expect(world.boots).toMatchObject([{ stage: 'held' }]);
  });

  it('made-up machines without end leave room for one that a slot waits for', () => {
    const world = new World();
    const madeUp = Array.from({ length: 12_000 }, (_, i) => ({ id: `x${i}` as MachineId, evidence: [] }));
    applyChanges(
      world.state,
      madeUp.map((row) => ({ table: 'machines', key: row.id, row })),
    );
    world.tell(dhcp(0, 'firmware', 'request', { mac: OTHER_MAC }));
    expect(world.state.machines.size).toBe(12_000);
    world.tell(dhcp(5_000, 'firmware', 'request'));
    expect([world.state.machines.size, world.state.currentBinding('pos-1')?.number]).toEqual([12_001, 1]);
  });

  it('a held machine that a new template gives a slot goes on in the same boot', () => {
    const world = new World();
    world.tellEach([
      dhcp(0, 'ipxe', 'request', { mac: OTHER_MAC }),
      script(5_000, { kind: 'hold', code: 'ABCD' }, OTHER_MAC),
    ]);
    world.revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ match: [{ mac: OTHER_MAC }] }) } });
    world.tell(script(10_000, live, OTHER_MAC));
    expect(world.boots).toMatchObject([{ id: 'b1', stage: 'script', slot: 'pos-1', binding: 1 }]);
  });

  it('a second machine that matches is told of once, and the first keeps the slot', () => {
    const world = new World();
    world.revision = sampleRevision({
      slots: { 'pos-1': sampleSlot({ match: [{ mac: POS_MAC }, { serial: 'X1' }] }) },
    });
    world.tell(script(0));
    const refuse: ScriptAnswer = { kind: 'refuse', because: 'taken' };
    for (let i = 1; i < 4; i++) world.tell(script(i * 20_000, refuse, OTHER_MAC, { serial: 'X1' }));
    expect(world.events.filter(({ type }) => type === 'slot-conflict')).toHaveLength(1);
    expect(world.state.currentBinding('pos-1')).toMatchObject({ number: 1, machine: 'm1' });
  });

  it('a telephone is no machine', () => {
    const world = new World();
    expect(world.tell(dhcp(0, 'os', 'request', { mac: OTHER_MAC }))).toEqual({ rows: 0, types: [] });
  });

  it('a system that starts from its disk without having asked for a script ends the boot as local', () => {
    const world = new World();
    world.tellEach([dhcp(0, 'firmware', 'request'), dhcp(60_000, 'os', 'request')]);
    expect(world.boots).toMatchObject([{ outcome: { kind: 'local', because: 'a system on its disk started' } }]);
  });
});

describe('another NIC with the UUID of the machine in a slot', () => {
  const uuid = { uuid: POS_UUID };
  const otherDhcp = (at: number) => dhcp(at, 'firmware', 'request', { mac: OTHER_MAC, ...uuid });
  const otherPhones = (at: number) => ({ ...phoneHome(at), mac: OTHER_MAC }) as Signal;
  const refuse: ScriptAnswer = { kind: 'refuse', because: 'pos-1 is taken' };
  const macs = (world: World) =>
    [...world.state.machines.values()].map(({ evidence }) =>
      evidence.filter(({ kind }) => kind === 'mac' || kind === 'uuid').map(({ value }) => value),
    );
  /** The first NIC has its lease until then. */
  const leased = (world: World, until: number) =>
    applyChanges(world.state, [leaseChange(sampleLease({ expiresAt: T0 + until }))]);

  it('is a machine of its own while the first one has a lease, and enrols nobody', () => {
    const world = new World();
    leased(world, 1_000_000);
    world.tellEach(wholeBoot.slice(0, 8));
    world.tellEach([otherDhcp(8_000), script(9_000, refuse, OTHER_MAC, uuid), script(20_000, refuse, OTHER_MAC, uuid)]);
    expect(macs(world).map((values) => new Set(values))).toEqual([new Set([POS_MAC, POS_UUID]), new Set([OTHER_MAC])]);
    expect(world.tell(otherPhones(21_000)).types).not.toContain('node-enrolled');
    expect(world.events.filter(({ type }) => type === 'slot-conflict')).toMatchObject([
      { machine: 'm2', slot: 'pos-1', data: { by: 'm1' } },
    ]);
    world.tellEach(wholeBoot.slice(8));
    expect(world.state.currentBinding('pos-1')).toMatchObject({ machine: 'm1', number: 1, enrolledBy: 'b1' });
  });

  it.each([
    ['new', []],
    ['that was refused before', [otherDhcp(40_000), script(41_000, refuse, OTHER_MAC, uuid)]],
  ])('is the machine, when %s, after the lease is over', (_what, before) => {
    const world = new World();
    leased(world, 100_000);
    world.tellEach([...wholeBoot, ...before]);
    const merged = world.tell(otherDhcp(100_000));
    expect(merged.types).toEqual(['machine-merged', 'boot-opened']);
    world.tellEach([script(104_000, live, OTHER_MAC, uuid), otherPhones(130_000)]);
    expect(macs(world)[0]).toEqual(expect.arrayContaining([POS_MAC, OTHER_MAC, POS_UUID]));
    expect(macs(world).slice(1).flat()).toEqual([]);
    expect(world.state.latestBoot('m1' as MachineId)).toMatchObject({ mac: OTHER_MAC, slot: 'pos-1', stage: 'done' });
    expect(world.state.currentBinding('pos-1')).toMatchObject({ number: 1, enrolledAt: T0 + 130_000 });
  });

  it('that came while the machine was off neither ends its next boot nor enrols for it', () => {
    const world = new World();
    leased(world, 1);
    world.tellEach([...wholeBoot, script(60_000, live, OTHER_MAC, uuid)]);
    leased(world, 1_000_000);
    world.tellEach([dhcp(100_000, 'firmware', 'request', uuid), script(102_000)]);
    world.tellEach([otherDhcp(103_000), script(107_000, live, OTHER_MAC, uuid)]);
    expect(
      [otherPhones(108_000), { ...report(108_000), mac: OTHER_MAC } as Signal].map((heard) => world.tell(heard)),
    ).toEqual([
      { rows: 0, types: [] },
      { rows: 0, types: [] },
    ]);
    expect(world.tell(phoneHome(109_000)).types).toContain('node-enrolled');
  });

  it('takes over from the first NIC of the same machine when that had no luck', () => {
    const world = new World();
    leased(world, 1);
    world.tellEach([...wholeBoot, otherDhcp(60_000)]);
    leased(world, 1_000_000);
    world.tellEach([dhcp(100_000, 'firmware', 'request', uuid), otherDhcp(130_000), script(135_000, live, OTHER_MAC)]);
    expect(world.tell(otherPhones(150_000)).types).toContain('node-enrolled');
  });
});

describe('a machine that is known by its seed alone', () => {
  it('opens a boot with its first document, and the next with the next meta-data', () => {
    const world = new World();
    world.tellEach([
      document(0, 'meta-data'),
      document(500, 'user-data'),
      phoneHome(9_000, 500),
      document(9_500, 'vendor-data'),
    ]);
    world.tellEach([document(100_000, 'meta-data')]);
    expect(world.boots.map(({ openedAt, stage }) => [openedAt - T0, stage])).toEqual([
      [0, 'done'],
      [100_000, 'os'],
    ]);
  });

  it('a script that was lost in a kill of the site costs nothing: nobody fetches a whole kernel without one', () => {
    const world = new World();
    world.tellEach(wholeBoot.filter(({ kind }) => kind !== 'script'));
    expect(world.boots.map(({ outcome }) => outcome?.kind)).toEqual(['live']);
    expect(world.boots[0]?.reached).toMatchObject({ kernel: expect.any(Number), os: expect.any(Number) });
    expect(world.state.currentBinding('pos-1')).toMatchObject({ health: 'enrolled', enrolledBy: 'b1' });
  });

  it('the rest of a file on its way to the boot before is no step of the next', () => {
    const world = new World();
    const kernel = wholeBoot.filter(({ kind }) => kind === 'asset').slice(0, 1);
    world.tellEach([
      dhcp(0, 'firmware', 'request'),
      ...kernel.map((signal) => ({ ...signal, done: false }) as typeof signal),
    ]);
    expect(world.boots.map(({ stage }) => stage)).toEqual(['seen']);
  });

  it('a script that was lost together with its kernel costs a second row, not the enrolment', () => {
    const world = new World();
    world.tellEach(wholeBoot.filter(({ kind }) => kind !== 'script' && kind !== 'asset'));
    expect(world.boots.map(({ outcome }) => outcome?.kind)).toEqual(['local', 'live']);
    expect(world.state.currentBinding('pos-1')).toMatchObject({ health: 'enrolled', enrolledBy: 'b2' });
  });

  it('documents that a netbooted system reads later open nothing', () => {
    const world = new World();
    world.tellEach([...wholeBoot, document(90_000, 'meta-data')]);
    expect(world.boots).toHaveLength(1);
  });
});

describe('rows', () => {
  it('do not churn while a machine waits', () => {
    const world = new World();
    world.tell(script(0, { kind: 'hold', code: 'ABCD' }, OTHER_MAC));
    const rows = [1, 2, 3, 4, 5].map(
      (i) => world.tell(script(i * 5_000, { kind: 'hold', code: 'ABCD' }, OTHER_MAC)).rows,
    );
    expect(rows).toEqual([0, 0, 0, 0, 0]);
    expect(world.tell(script(61_000, { kind: 'hold', code: 'ABCD' }, OTHER_MAC)).rows).toBe(1);
  });
});
