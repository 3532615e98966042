import { describe, expect, it } from 'vitest';
import { message } from '../../../test/packets/bench.ts';
import { settled, TestClock, TestLog, TestStore, TestUdp } from '../../../test/packets/ports.ts';
import { ip, mac, NETWORK, revision, SITE } from '../../../test/packets/world.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Network } from '../../model/network.ts';
import { decodeMessage, encodeMessage } from './codec/message.ts';
import { option } from './codec/options.ts';
import { createSurroundings } from './surroundings.ts';

const MINUTE = 60_000;
const ROUTER = ip('10.7.0.2');
const ROUTER_MAC = mac('f4:f2:6d:00:00:02');
const EVERYBODY = ip('255.255.255.255');
const random = { unit: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(9) };

function offerOf(server: typeof ROUTER, xid: number, type: 'offer' | 'ack' = 'offer'): Uint8Array {
  const parts = { op: 2 as const, xid, yiaddr: ip('10.7.0.180') };
  const offer = encodeMessage(message(type, [option('serverId', server)], parts));
  if (!offer.ok) throw new Error(offer.error.sentence);
  return offer.value;
}

/** A store that commits at once, on a wire where `rivals` answer each probe. */
function setUp(network: Partial<Network> = {}, store = new TestStore()) {
  const clock = new TestClock();
  const udp = new TestUdp();
  const log = new TestLog();
  const world = { network: { ...NETWORK, ...network } as Network, carrier: true, rivals: [] as (typeof ROUTER)[] };
  const surroundings = createSurroundings({
    ...{ clock, udp, log, random, store, addresses: () => [SITE] },
    revisions: { current: () => revision({ network: world.network }) },
    neighbours: { entries: async () => new Map([[ROUTER, { mac: ROUTER_MAC, complete: true }]]) },
    hasLink: () => world.carrier,
    makerOf: async () => 'TP-LINK',
  });
  const answer = (): void => {
    const asked = udp.sent.splice(0).filter(({ to }) => to.port === 67);
    const xids = asked.flatMap(({ bytes }) => {
      const probe = decodeMessage(bytes);
      return probe.ok ? [probe.value.xid] : [];
    });
    for (const xid of xids)
      for (const server of world.rivals)
        udp.deliver(offerOf(server, xid), EVERYBODY, { address: server, port: 67 }, 68);
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      await clock.pass(500);
      if (udp.sockets.some(({ local, isOpen }) => isOpen && local.port === 68)) answer();
      await store.sync();
    }
  };
  const role = () => surroundings.roleOf(world.network);
  const told = () => store.recorded.map(({ type }) => type);
  const hear = (server = ROUTER) => surroundings.heard({ network: 'nodes', server, how: 'request', at: clock.now() });
  return { clock, udp, log, store, world, surroundings, pass, role, told, hear };
}

describe('a site that leases', () => {
  it('looks at the start and then every few minutes, and keeps no port meanwhile', async () => {
    const { udp, surroundings, pass, told } = setUp();
    surroundings.start();
    await pass(20_000);
    const opened = () => udp.sockets.filter(({ local }) => local.port === 68).map(({ local }) => local.address);
    expect([opened(), told()]).toEqual([['255.255.255.255', '10.7.0.1'], []]);
    expect(udp.sockets.filter(({ isOpen }) => isOpen)).toEqual([]);
    await pass(11 * MINUTE);
    expect(opened()).toHaveLength(6);
    await surroundings.stop();
  });

  it('tells of another server once, and keeps to known slots until that was not seen for an hour', async () => {
    const { world, surroundings, pass, told, store } = setUp();
    world.rivals = [ROUTER];
    surroundings.start();
    await pass(30 * MINUTE);
    expect(told()).toEqual(['other-server']);
    expect(store.recorded[0]?.sentence).toContain('10.7.0.2, MAC f4:f2:6d:00:00:02, made by TP-LINK');
    expect(surroundings.keepsToKnown('nodes')).toBe(true);
    expect(surroundings.view(world.network)).toMatchObject({
      role: 'authoritative',
      because: expect.stringContaining('only machines that fit a slot'),
      servers: [{ address: ROUTER, mac: ROUTER_MAC, maker: 'TP-LINK', how: 'offer', allowed: false }],
    });
    world.rivals = [];
    await pass(62 * MINUTE);
    expect([surroundings.keepsToKnown('nodes'), told()]).toEqual([false, ['other-server']]);
    await surroundings.stop();
  });

  it('lets one be that the template names, from when it does', async () => {
    const { world, surroundings, pass } = setUp();
    world.rivals = [ROUTER];
    surroundings.start();
    await pass(MINUTE);
    world.network = { ...world.network, otherServers: [ROUTER_MAC] };
    expect(surroundings.keepsToKnown('nodes')).toBe(false);
    expect(surroundings.view(world.network).servers).toMatchObject([{ allowed: true }]);
    await surroundings.stop();
  });

  it('knows it again after a restart, before it has looked, and does not tell of it anew', async () => {
    const first = setUp();
    first.world.rivals = [ROUTER];
    first.surroundings.start();
    await first.pass(MINUTE);
    await first.surroundings.stop();
    const second = setUp({}, first.store);
    expect(second.surroundings.keepsToKnown('nodes')).toBe(true);
    second.world.rivals = [ROUTER];
    second.surroundings.start();
    await second.pass(10 * MINUTE);
    expect(second.told()).toEqual(['other-server']);
    await second.surroundings.stop();
  });

  it('hears of one by the machines that choose it, and of itself and of nobody it makes nothing', async () => {
    const { surroundings, hear, pass, told } = setUp();
    for (const server of [SITE.address, ip('0.0.0.0'), ip('255.255.255.255'), ROUTER, ROUTER]) hear(server);
    await pass(1_000);
    expect([told(), surroundings.keepsToKnown('nodes')]).toEqual([['other-server'], false]);
    await surroundings.stop();
  });

  it('remembers few of thousands who answer one look, and tells of fewer', async () => {
    const { surroundings, pass, world, told, clock } = setUp();
    world.rivals = Array.from({ length: 2_000 }, (_, i) => ip(`10.7.${1 + (i >> 8)}.${i & 255}`));
    surroundings.start();
    await pass(MINUTE);
    expect(surroundings.view(world.network).servers).toHaveLength(16);
    expect(told()).toHaveLength(10);
    await surroundings.stop();
    expect(clock.timers).toBe(0);
  });

  it('turns no stranger away for a server that a REQUEST named, and looks at once whether it is there', async () => {
    const { world, surroundings, hear, pass } = setUp();
    surroundings.start();
    await pass(2 * MINUTE);
    hear();
    await pass(MINUTE);
    expect(surroundings.keepsToKnown('nodes')).toBe(false);
    world.rivals = [ROUTER];
    hear(ip('10.7.0.3'));
    await pass(2 * MINUTE);
    expect(surroundings.keepsToKnown('nodes')).toBe(true);
    world.rivals = [];
    for (let i = 0; i < 62; i++) {
      hear();
      await pass(MINUTE);
    }
    expect(surroundings.keepsToKnown('nodes')).toBe(false);
    await surroundings.stop();
  });

  it('is not filled by somebody who makes servers up', async () => {
    const { surroundings, hear, pass, world, told, clock } = setUp();
    for (let i = 0; i < 2_000; i++) hear(ip(`10.7.${i >> 8}.${i & 255}`));
    await pass(5_000);
    for (let i = 0; i < 200; i++) {
      hear(ip(`10.9.0.${i}`));
      await pass(500);
    }
    expect(surroundings.view(world.network).servers).toHaveLength(16);
    expect(told()).toHaveLength(10);
    await surroundings.stop();
    expect(clock.timers).toBe(0);
  });

  it('says so where port 68 cannot be had, and serves on', async () => {
    const { udp, world, surroundings, pass, told, role } = setUp();
    udp.refusal = new AppError('port-in-use', 'UDP 255.255.255.255:68: another program has it');
    surroundings.start();
    await pass(MINUTE);
    expect([role(), told()]).toEqual(['authoritative', []]);
    expect(surroundings.view(world.network).because).toContain('another program has it');
    await surroundings.stop();
  });
});

describe('a site beside another server', () => {
  it('tells when two looks in a row found nobody who leases, once', async () => {
    const { world, surroundings, pass, told } = setUp({ mode: 'proxy' });
    world.rivals = [ROUTER];
    surroundings.start();
    await pass(10 * MINUTE);
    expect(told()).toEqual([]);
    world.rivals = [];
    await pass(30 * MINUTE);
    expect(told()).toEqual(['nobody-leases']);
    await surroundings.stop();
  });

  it('does not miss a server that answers only machines that it knows', async () => {
    const { surroundings, hear, pass, told } = setUp({ mode: 'proxy' });
    surroundings.start();
    hear();
    await pass(60 * MINUTE);
    expect(told()).toEqual([]);
    await surroundings.stop();
  });
});

describe('a network of mode auto', () => {
  it('is looked at when its link was up for a minute, and not before', async () => {
    const { world, surroundings, pass, role, udp } = setUp({ mode: 'auto' });
    world.carrier = false;
    surroundings.start();
    await pass(5 * MINUTE);
    world.carrier = true;
    await pass(50_000);
    world.carrier = false;
    await pass(5_000);
    world.carrier = true;
    await pass(55_000);
    expect([role(), udp.sockets]).toEqual(['looking', []]);
    expect(surroundings.view(world.network).because).toContain('takes a minute');
    await pass(30_000);
    expect(role()).toBe('authoritative');
    await surroundings.stop();
  });

  it('has the site add the boot where somebody leases, also after a restart', async () => {
    const { world, surroundings, pass, role, told, store } = setUp({ mode: 'auto' });
    world.rivals = [ROUTER];
    surroundings.start();
    await pass(2 * MINUTE);
    expect([role(), told()]).toEqual(['proxy', ['dhcp-mode']]);
    await surroundings.stop();
    const again = setUp({ mode: 'auto' }, store);
    expect(again.role()).toBe('proxy');
    again.surroundings.start();
    await again.pass(20 * MINUTE);
    expect([again.role(), again.told()]).toEqual(['proxy', ['dhcp-mode', 'nobody-leases']]);
    await again.surroundings.stop();
  });

  it('stays what it was found to be when another server comes later, which is an alarm', async () => {
    const { world, surroundings, pass, role, told } = setUp({ mode: 'auto' });
    surroundings.start();
    await pass(2 * MINUTE);
    world.rivals = [ROUTER];
    await pass(10 * MINUTE);
    expect([role(), told()]).toEqual(['authoritative', ['dhcp-mode', 'other-server']]);
    expect(surroundings.keepsToKnown('nodes')).toBe(true);
    await surroundings.stop();
  });

  it('is not taken for ours while nobody can look: a machine that chooses another server shows it', async () => {
    const { surroundings, udp, hear, pass, role, told, world } = setUp({ mode: 'auto' });
    udp.refusal = new AppError('permission-denied', 'UDP 255.255.255.255:68: no right');
    surroundings.start();
    await pass(15 * MINUTE);
    expect([role(), told()]).toEqual(['looking', ['dhcp-blind']]);
    expect(surroundings.view(world.network).because).toContain('serves nobody');
    hear();
    await pass(7 * MINUTE);
    expect([role(), told()]).toEqual(['proxy', ['dhcp-blind', 'dhcp-mode']]);
    await surroundings.stop();
  });

  it('is not decided by REQUESTs that name a server which answers nobody', async () => {
    const { surroundings, hear, pass, role, told } = setUp({ mode: 'auto' });
    surroundings.start();
    for (let i = 0; i < 20; i++) {
      hear();
      await pass(5_000);
    }
    expect([role(), told()]).toEqual(['authoritative', ['dhcp-mode']]);
    hear();
    await pass(7 * MINUTE);
    expect([role(), surroundings.keepsToKnown('nodes')]).toEqual(['authoritative', false]);
    await surroundings.stop();
  });

  it.each([
    [1, 'authoritative'],
    [2, 'proxy'],
  ])('is decided by what a server says to the machines that it knows: %i answers, %s', async (times, expected) => {
    const { surroundings, pass, role, udp } = setUp({ mode: 'auto' });
    surroundings.start();
    const isLooking = () => udp.sockets.some(({ local, isOpen }) => isOpen && local.port === 68);
    while (!isLooking()) await pass(500);
    for (const type of (['offer', 'ack'] as const).slice(0, times))
      udp.deliver(offerOf(ROUTER, 77, type), EVERYBODY, { address: ROUTER, port: 67 }, 68);
    await pass(MINUTE);
    expect(role()).toBe(expected);
    await surroundings.stop();
  });

  it('is what a person says, and is looked at anew if a person says that', async () => {
    const { world, surroundings, pass, role, store } = setUp({ mode: 'auto' });
    surroundings.start();
    const saying = surroundings.say('nodes', 'proxy', 'page');
    await settled();
    await store.sync();
    expect([role(), (await saying).sentence]).toEqual([
      'proxy',
      'In network nodes another DHCP server leases: the site only adds the boot. Said by page.',
    ]);
    await pass(2 * MINUTE);
    expect(role()).toBe('proxy');
    const again = surroundings.say('nodes', 'look-again', 'cli');
    await store.sync();
    await again;
    expect(role()).toBe('looking');
    world.rivals = [];
    await pass(2 * MINUTE);
    expect(role()).toBe('authoritative');
    await surroundings.stop();
  });

  it('is nothing while it is not on disk', async () => {
    const { surroundings, store, role } = setUp({ mode: 'auto' });
    const saying = surroundings.say('nodes', 'proxy', 'page').catch((error: AppError) => error.code);
    await settled();
    expect(role()).toBe('looking');
    await store.fail(new AppError('disk-full', 'no space left'));
    expect([await saying, role(), surroundings.view(revision().networks['nodes'] as Network).servers]).toEqual([
      'disk-full',
      'looking',
      [],
    ]);
  });

  it('is the only one of which a person may say so', async () => {
    const { surroundings } = setUp();
    await expect(surroundings.say('nodes', 'proxy', 'page')).rejects.toMatchObject({ code: 'command-refused' });
    await expect(surroundings.say('constructor', 'proxy', 'page')).rejects.toMatchObject({ code: 'not-found' });
  });
});
