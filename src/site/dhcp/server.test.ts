import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAC, message, SPEAKS } from '../../../test/packets/bench.ts';
import { readRequest } from '../../../test/packets/hex.ts';
import { settled, TestClock, TestLog, TestStore, TestUdp } from '../../../test/packets/ports.ts';
import { ip, loaders, NETWORK, revision, SITE } from '../../../test/packets/world.ts';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../kernel/ipv4.ts';
import type { UdpHandlers } from '../../kernel/udp.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { Network } from '../../model/network.ts';
import type { Revision } from '../../model/revision.ts';
import type { Signal } from '../../model/signal.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import type { DhcpMessage } from './codec/message.ts';
import { decodeMessage, encodeMessage } from './codec/message.ts';
import { messageTypeOf, option } from './codec/options.ts';
import { buildProbe } from './policy/probe.ts';
import type { HandedSocket } from './server.ts';
import { createDhcpServer } from './server.ts';

const client = { address: UNSPECIFIED, port: 68 };
const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const selecting = [option('serverId', SITE.address), option('requestedAddress', ip('10.7.0.100'))];

type Options = {
  readonly sites?: readonly SiteAddress[];
  readonly handed?: readonly HandedSocket[];
  readonly neighbours?: readonly Ipv4[];
};

function setUp(options: Options = {}) {
  const world = { revision: revision() as Revision | undefined, surroundings: TEMPLATE_SURROUNDINGS };
  const clock = new TestClock();
  const udp = new TestUdp();
  const log = new TestLog();
  const store = new TestStore();
  const signals: Signal[] = [];
  const server = createDhcpServer({
    clock,
    udp,
    log,
    store,
    revisions: { current: () => world.revision },
    loaders: loaders('undionly.kpxe', 'snponly.efi'),
    servesTime: () => true,
    surroundings: { ...TEMPLATE_SURROUNDINGS, roleOf: (network) => world.surroundings.roleOf(network) },
    signals: { observe: (signal) => signals.push(signal), record: async () => {} },
    arp: { entries: async () => new Map(options.neighbours?.map((one) => [one, { mac: MAC, complete: true }])) },
    addresses: () => options.sites ?? [SITE],
    ...(options.handed && { handed: options.handed }),
    soon: (run) => run(),
  });
  const start = async () => {
    const started = server.start();
    await clock.pass(300);
    await started;
    udp.sent.length = 0;
  };
  const hear = (asked: DhcpMessage, local = UNSPECIFIED) => {
    const bytes = encodeMessage(asked);
    if (bytes.ok) udp.deliver(bytes.value, local, client);
  };
  const answers = () => udp.sent.filter(({ to }) => to.port !== 9).map(({ bytes }) => typeOf(bytes));
  return { world, clock, udp, log, store, signals, server, start, hear, answers };
}

function typeOf(bytes: Uint8Array): string | undefined {
  const decoded = decodeMessage(bytes);
  return decoded.ok ? messageTypeOf(decoded.value) : undefined;
}

describe('sockets', () => {
  it('one on the address and one that hears broadcasts; answers leave from the address', async () => {
    const { udp, start, hear, server } = setUp();
    await start();
    const open = udp.sockets.filter(({ local }) => local.port === 67);
    expect(open.map(({ local, broadcast }) => [local.address, broadcast])).toEqual([
      ['10.7.0.1', true],
      ['0.0.0.0', true],
    ]);
    hear(message('discover'));
    expect(udp.sent.map(({ from, to }) => [from.address, to.address])).toEqual([['10.7.0.1', '255.255.255.255']]);
    await server.stop();
    expect(udp.sockets.filter(({ isOpen }) => isOpen)).toEqual([]);
  });

  it('one on the address for those who ask a boot server: answered from there, to where it came from', async () => {
    const { udp, start, server, signals, answers } = setUp();
    await start();
    const open = udp.sockets.filter(({ local }) => local.port === 4011);
    expect(open.map(({ local, broadcast }) => [local.address, broadcast])).toEqual([['10.7.0.1', false]]);
    const asked = encodeMessage(message('request', SPEAKS.uefi, { ciaddr: ip('10.7.0.77') }));
    if (asked.ok) udp.deliver(asked.value, SITE.address, { address: ip('10.7.0.77'), port: 4011 }, 4011);
    expect(udp.sent.map(({ from, to }) => [from, to])).toEqual([
      [
        { address: '10.7.0.1', port: 4011 },
        { address: '10.7.0.77', port: 4011 },
      ],
    ]);
    expect([answers(), signals]).toEqual([['ack'], []]);
    await server.stop();
    expect(udp.sockets.filter(({ isOpen }) => isOpen)).toEqual([]);
  });

  it('handed in: both ways by that socket, and as many networks as there are sockets', async () => {
    const attached: UdpHandlers[] = [];
    const sent: string[] = [];
    const hand = (network: string): HandedSocket => ({
      network,
      attach: async (handlers) => {
        attached.push(handlers);
        const local = { address: UNSPECIFIED, port: 67 };
        return { local, send: () => sent.push(network), close: async () => {} };
      },
    });
    const other: SiteAddress = { network: 'other', address: ip('10.8.0.1'), httpPort: 80 };
    const { world, udp, start, server } = setUp({ sites: [SITE, other], handed: [hand('nodes'), hand('other')] });
    const subnet = { network: ip('10.8.0.0'), prefix: 24 };
    const network = { ...NETWORK, name: 'other', subnet, pool: { first: ip('10.8.0.9'), last: ip('10.8.0.9') } };
    world.revision = { ...revision(), networks: { nodes: NETWORK, other: network } };
    await start();
    attached[1]?.onDatagram(readRequest('udhcpc-discover'), client);
    expect(sent).toEqual(['other']);
    expect(udp.sockets.filter(({ local }) => local.port === 67)).toEqual([]);
    await server.stop();
  });

  it('a network behind a relay is answered by the socket of the one that the site stands in', async () => {
    const attached: UdpHandlers[] = [];
    const sent: unknown[] = [];
    const hand = (network: string): HandedSocket => ({
      network,
      attach: async (handlers) => {
        attached.push(handlers);
        const local = { address: UNSPECIFIED, port: 67 };
        return { local, send: (_, to) => sent.push([network, to]), close: async () => {} };
      },
    });
    const other: SiteAddress = { network: 'other', address: ip('10.8.0.1'), httpPort: 80 };
    const sites = [SITE, other, { ...other, network: 'far', via: 'other' }];
    const { world, udp, start, server } = setUp({ sites, handed: [hand('nodes'), hand('other')] });
    const named = (name: string, third: number, more: Partial<Network> = {}): Network => {
      const at = (host: number) => ip(`10.${third}.0.${host}`);
      const subnet = { network: at(0), prefix: 24 };
      return { ...NETWORK, name, subnet, router: at(254), pool: { first: at(9), last: at(9) }, ...more };
    };
    world.revision = {
      ...revision(),
      networks: { nodes: NETWORK, other: named('other', 8), far: named('far', 9, { via: 'other' }) },
    };
    await start();
    const asked = encodeMessage(message('discover', SPEAKS.bios, { giaddr: ip('10.9.0.1'), hops: 1 }));
    if (asked.ok) attached[1]?.onDatagram(asked.value, { address: ip('10.9.0.1'), port: 67 });
    expect(sent).toEqual([['other', { address: '10.9.0.1', port: 67 }]]);
    const lied = encodeMessage(message('discover', SPEAKS.bios, { giaddr: ip('10.7.0.66'), hops: 1 }));
    if (lied.ok) attached[0]?.onDatagram(lied.value, { address: ip('10.7.0.66'), port: 67 });
    expect([sent.length, server.counters()['ignored.relay-refused']]).toEqual([1, 1]);
    // Nobody behind a relay answers ARP here: none of its addresses is probed.
    expect(udp.sent.filter(({ to }) => to.address.startsWith('10.9.'))).toEqual([]);
    expect(udp.sockets.map(({ local }) => `${local.address}:${local.port}`)).toEqual([
      '10.7.0.1:4011',
      '10.8.0.1:4011',
      '10.7.0.1:0',
      '10.8.0.1:0',
    ]);
    await server.stop();
  });

  it('refuses several networks whose broadcasts nothing tells apart', async () => {
    const other: SiteAddress = { network: 'other', address: ip('10.8.0.1'), httpPort: 80 };
    const { server } = setUp({ sites: [SITE, other] });
    await expect(server.start()).rejects.toMatchObject({ code: 'interface-ambiguous' });
  });

  it('closes what it opened when a port is in use', async () => {
    const { udp, server } = setUp();
    udp.refusal = new AppError('port-in-use', 'UDP port 67 is in use');
    await expect(server.start()).rejects.toMatchObject({ code: 'port-in-use' });
    expect(udp.sockets.filter(({ isOpen }) => isOpen)).toEqual([]);
  });
});

it('where another server leases, nobody is looked for in the pool: who answers there is at home', async () => {
  const { world, udp, start, clock, store, server } = setUp({ neighbours: [ip('10.7.0.100')] });
  const probed = (): number => udp.sent.filter(({ to }) => to.port === 9).length;
  world.surroundings = { ...TEMPLATE_SURROUNDINGS, roleOf: () => 'proxy' };
  await start();
  await clock.pass(30_000);
  expect([probed(), store.waiting]).toEqual([0, 0]);
  world.surroundings = TEMPLATE_SURROUNDINGS;
  await clock.pass(30_000);
  expect([probed() > 0, store.waiting]).toEqual([true, 1]);
  await server.stop();
});

describe('a site that looks who else is here', () => {
  const probe = (site: string) => buildProbe('uefi', 7, ip(site));

  it('does not hear itself', async () => {
    const { start, hear, answers, signals, server } = setUp();
    await start();
    hear(probe(SITE.address));
    expect([answers(), signals, server.counters()['ignored.own-probe']]).toEqual([[], [], 1]);
    await server.stop();
  });

  it('is answered, and is no machine', async () => {
    const { start, hear, answers, signals, store, server } = setUp();
    await start();
    hear(probe('10.7.0.2'));
    expect([answers(), signals, store.waiting]).toEqual([['offer'], [], 0]);
    await server.stop();
  });
});

describe('promises', () => {
  it('an ACK waits for the disk, an OFFER does not', async () => {
    const { store, start, hear, answers, server } = setUp();
    await start();
    hear(message('discover'));
    hear(message('request', selecting));
    await settled();
    expect([answers(), store.waiting]).toEqual([['offer'], 1]);
    await store.sync();
    expect(answers()).toEqual(['offer', 'ack']);
    await server.stop();
  });

  it('no answer if the disk fails, and the address is not lost', async () => {
    const { store, start, hear, answers, log, server } = setUp();
    await start();
    hear(message('request', selecting));
    await store.fail(new AppError('disk-full', 'no space left'));
    expect([answers(), server.counters()['commit-failed']]).toEqual([[], 1]);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { code: 'disk-full' } });
    expect(log.lines.at(-1)?.fields).not.toHaveProperty('stack');
    hear(message('request', selecting, { mac: '52:54:00:00:00:02' }));
    await store.sync();
    expect(answers()).toEqual(['ack']);
    await server.stop();
  });

  it('two clients that ask for one address while the disk is slow: the first has it', async () => {
    const { store, start, hear, answers, server } = setUp();
    await start();
    hear(message('request', selecting));
    hear(message('request', selecting, { mac: '52:54:00:00:00:02' }));
    await store.sync();
    expect(answers()).toEqual(['nak', 'ack']);
    expect([...store.state.leases.keys()]).toEqual([`nodes/${MAC}`]);
    await server.stop();
  });

  it('are kept when the server stops: the answer leaves before the sockets close', async () => {
    const { store, start, hear, answers, server } = setUp();
    await start();
    hear(message('request', selecting));
    const stopped = server.stop();
    hear(message('discover'));
    await settled();
    expect(answers()).toEqual([]);
    await store.sync();
    await stopped;
    expect(answers()).toEqual(['ack']);
  });

  it('a flood of DISCOVERs writes nothing, but one event when the pool is empty', async () => {
    const { store, clock, start, hear, server } = setUp();
    await start();
    for (let n = 0; n < 10; n++)
      hear(
        message('request', [option('serverId', SITE.address), option('requestedAddress', ip(`10.7.0.10${n}`))], {
          mac: `52:54:00:00:02:0${n}`,
        }),
      );
    await store.sync();
    const granted = store.recorded.length;
    for (let n = 0; n < 300; n++)
      hear(message('discover', [], { mac: `52:54:00:00:03:${(n % 256).toString(16).padStart(2, '0')}` }));
    await clock.pass(1000);
    await store.sync();
    expect(store.recorded.slice(granted).map(({ type }) => type)).toEqual(['pool-exhausted']);
    expect(store.state.leases.size).toBe(10);
    await server.stop();
  });
});

describe('what others hear', () => {
  it('DISCOVERs and granted REQUESTs, with what is known of the machine', async () => {
    const { store, signals, start, hear, server } = setUp();
    await start();
    const uuid = '1a2b3c4f-4d5e-6f7c-8091-a2b3c4d5e6f7';
    hear(message('discover', [...SPEAKS.bios, option('machineUuid', uuid)]));
    hear(message('discover', SPEAKS.arm, { mac: '52:54:00:00:00:02' }));
    hear(message('request', [...selecting, option('hostname', 'pos-1')]));
    hear(message('request', [option('requestedAddress', ip('192.168.1.5'))], { mac: '52:54:00:00:00:03' }));
    await store.sync();
    expect(
      signals.map((signal) =>
        signal.kind === 'dhcp'
          ? [signal.message, signal.clientKind, signal.client, signal.uuid, signal.hostname, signal.address]
          : [],
      ),
    ).toEqual([
      ['discover', 'bios', 'firmware', uuid, undefined, undefined],
      ['discover', 'uefi-arm32', 'firmware', undefined, undefined, undefined],
      ['request', 'os', 'os', undefined, 'pos-1', '10.7.0.100'],
    ]);
    await server.stop();
  });

  it('one line and one count for each message', async () => {
    const { store, log, start, hear, server } = setUp();
    await start();
    hear(message('discover', SPEAKS.bios));
    hear(message('discover', SPEAKS.arm));
    hear({ ...message('discover'), giaddr: ip('172.16.0.1') });
    await store.sync();
    expect(log.lines.map(({ text }) => text)).toEqual([
      `OFFER 10.7.0.100 to ${MAC}`,
      'ignored, because there is no loader for UEFI arm32',
      'ignored, because it comes through the relay 172.16.0.1, which is in none of our networks',
    ]);
    expect(server.counters()).toEqual({
      received: 3,
      'received.discover': 3,
      'reply.offer': 1,
      'ignored.no-loader': 1,
      'ignored.relay-unknown': 1,
    });
    await server.stop();
  });

  it('no more than so many lines a minute of each sort', async () => {
    const { log, start, udp, server } = setUp();
    await start();
    for (let n = 0; n < 2000; n++) udp.deliver(new Uint8Array(3), UNSPECIFIED, client);
    expect(log.lines).toHaveLength(600);
    expect(server.counters()).toMatchObject({ 'malformed.too-short': 2000, 'log-lines-left-out': 1400 });
    await server.stop();
  });
});

describe('whatever comes in', () => {
  it('before there is a template, nobody is served, and nobody is refused', async () => {
    const { world, start, hear, answers, server } = setUp();
    world.revision = undefined;
    await start();
    hear(message('discover'));
    expect([answers(), server.counters()['ignored.no-network']]).toEqual([[], 1]);
    world.revision = revision();
    hear(message('discover'));
    expect(answers()).toEqual(['offer']);
    await server.stop();
  });

  it('a bug of ours ends in the log, not in an exit', async () => {
    const { world, log, start, hear, answers, server } = setUp();
    await start();
    world.revision = { ...revision(), slots: null as unknown as Revision['slots'] };
    hear(message('discover'));
    expect(server.counters()['bugs']).toBe(1);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { family: 'ours' } });
    expect(String(log.lines.at(-1)?.fields['stack'])).toContain('planNetwork');
    world.revision = revision();
    hear(message('discover'));
    expect(answers()).toEqual(['offer']);
    await server.stop();
  });

  it('bytes of any kind bring up no bug', async () => {
    const { udp, store, start, server } = setUp();
    await start();
    const names = ['bios-rom-discover', 'ipxe-rom-request', 'dhclient-renew', 'udhcpc-discover'];
    const mutated = fc
      .tuple(fc.constantFrom(...names), fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { maxLength: 8 }), fc.nat(600))
      .map(([name, changes, end]) => {
        const bytes = readRequest(name).slice(0, 240 + end);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 1500 }), mutated), async (bytes) => {
        udp.deliver(bytes, UNSPECIFIED, client);
        await store.sync();
        expect(server.counters()['bugs']).toBeUndefined();
      }),
      { seed, numRuns: 500 },
    );
    expect(store.state.leases.size).toBeLessThanOrEqual(256);
    await server.stop();
  });
});

describe('a client that hears only what comes last', () => {
  const pi = readRequest('raspberry-pi-4-discover');
  const raspberryPi = { 'start4.elf': { digest: '0'.repeat(64) as Digest, name: 'start4.elf' } };
  const beside = () => {
    const parts = setUp();
    const unknownMachines = { heldBesideOthers: true } as const;
    parts.world.revision = { ...revision({ network: { mode: 'proxy' }, unknownMachines }), raspberryPi };
    return parts;
  };

  it('is answered a second later beside another server, once, and by nobody who stops', async () => {
    const { udp, clock, answers, start, server } = beside();
    await start();
    for (let n = 0; n < 3; n++) udp.deliver(pi, UNSPECIFIED, client);
    await clock.pass(999);
    expect(answers()).toEqual([]);
    await clock.pass(1);
    expect(answers()).toEqual(['offer']);
    udp.deliver(pi, UNSPECIFIED, client);
    await server.stop();
    await clock.pass(2000);
    expect(answers()).toEqual(['offer']);
  });

  it('is answered at once where nobody else leases', async () => {
    const { udp, world, answers, start, server } = beside();
    world.revision = { ...revision(), raspberryPi };
    await start();
    udp.deliver(pi, UNSPECIFIED, client);
    expect(answers()).toEqual(['offer']);
    await server.stop();
  });
});
