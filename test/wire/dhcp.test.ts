import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArp } from '../../src/adapters/node/arp.ts';
import { answersTime } from '../../src/adapters/node/ask-time.ts';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { createUdpPort } from '../../src/adapters/node/udp.ts';
import { openStore, type SqliteStore } from '../../src/adapters/store/sqlite-store.ts';
import { run } from '../../src/lab/command.ts';
import { isInsideNamespace } from '../../src/lab/namespace.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { TEMPLATE_SURROUNDINGS } from '../../src/model/dhcp-role.ts';
import type { Lease } from '../../src/model/lease.ts';
import { decodeMessage, encodeMessage } from '../../src/site/dhcp/codec/message.ts';
import { messageTypeOf } from '../../src/site/dhcp/codec/options.ts';
import { createDhcpServer, type DhcpServer } from '../../src/site/dhcp/server.ts';
import { message, SPEAKS } from '../packets/bench.ts';
import { TestLog } from '../packets/ports.ts';
import { ip, loaders, revision, SITE } from '../packets/world.ts';

const MACS = { udhcpc: '52:54:00:0c:00:01', dhclient: '52:54:00:0c:00:02', npm: '52:54:00:0c:00:03' };
const STRANGER = '10.7.0.100';

let folder: string;
let store: SqliteStore;
let server: DhcpServer;
const log = new TestLog();
const hosts: Host[] = [];

async function host(name: string, options: { address?: string; mac?: string }): Promise<Host> {
  const made = await createHost(name, 'br-dhcp', options);
  hosts.push(made);
  return made;
}

/** udhcpc calls this with what it got in its environment. */
const udhcpcScript = '#!/bin/sh\n[ "$1" = bound ] && echo "bound $ip $subnet $router $dns $ntpsrv $lease"\nexit 0\n';

beforeAll(async () => {
  if (!isInsideNamespace()) throw new Error('run this with `npm run test:wire`, which makes a network of its own');
  folder = await mkdtemp(join(tmpdir(), 'slipway-dhcp-'));
  await writeFile(join(folder, 'udhcpc.sh'), udhcpcScript, { mode: 0o755 });
  await createBridge('br-dhcp', `${SITE.address}/24`);
  await host('stranger', { address: `${STRANGER}/24` });
  store = await openStore(join(folder, 'site.db'));
  server = createDhcpServer({
    udp: createUdpPort(log),
    clock: systemClock,
    log,
    store,
    revisions: { current: () => current },
    loaders: loaders('snponly.efi'),
    servesTime: () => true,
    surroundings: TEMPLATE_SURROUNDINGS,
    signals: { observe: () => {}, record: async () => {} },
    arp: { entries: readArp },
    addresses: () => [SITE],
  });
  await server.start();
});

afterAll(async () => {
  await server?.stop();
  await store?.close();
  await Promise.all(hosts.map((made) => made.close()));
  if (isInsideNamespace()) await run(['ip', 'link', 'del', 'br-dhcp']);
  if (folder) await rm(folder, { recursive: true, force: true });
});

const current = revision();

function leaseOf(mac: string): Lease | undefined {
  return store.state.leases.get(`nodes/${mac}`);
}

describe('real clients', () => {
  it('udhcpc gets an address that nobody uses, and the settings of the network', async () => {
    const machine = await host('udhcpc', { mac: MACS.udhcpc });
    const script = join(folder, 'udhcpc.sh');
    const said = await machine.exec([
      'udhcpc',
      '-i',
      'eth0',
      '-n',
      '-q',
      '-f',
      '-t',
      '5',
      '-T',
      '2',
      '-O',
      'ntpsrv',
      '-s',
      script,
    ]);
    const address = leaseOf(MACS.udhcpc)?.address;
    expect(said).toContain(`bound ${address} 255.255.255.0 10.7.0.254 10.7.0.253 9.9.9.9 10.7.0.1 1800`);
    expect(address).toMatch(/^10\.7\.0\.10[1-9]$/);
  });

  it('udhcpc that wants an address of another network is given one of this', async () => {
    const machine = hosts.find(({ name }) => name === 'udhcpc');
    const script = join(folder, 'udhcpc.sh');
    const said = await machine?.exec([
      'udhcpc',
      '-i',
      'eth0',
      '-n',
      '-q',
      '-f',
      '-t',
      '5',
      '-T',
      '2',
      '-r',
      '192.168.1.5',
      '-s',
      script,
    ]);
    expect(said).toContain(`bound ${leaseOf(MACS.udhcpc)?.address} `);
  });

  it('dhclient gets an address, gets it again after a reboot, and gives it back', async () => {
    const machine = await host('dhclient', { mac: MACS.dhclient });
    const files = ['-sf', '/bin/true', '-cf', '/dev/null', '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
    const heard: string[] = [];
    const dhclient = (...args: string[]) =>
      machine.exec(['dhclient', '-v', ...args, ...files, 'eth0'], { onLine: (line) => heard.push(line) });
    await dhclient('-1');
    const first = leaseOf(MACS.dhclient);
    expect(heard.join('\n')).toContain(`bound to ${first?.address}`);
    await dhclient('-x');
    heard.length = 0;
    await dhclient('-1');
    expect(heard.join('\n')).not.toContain('DHCPDISCOVER');
    expect(heard.join('\n')).toContain(`bound to ${first?.address}`);
    // Its script does nothing here, and without an address it cannot reach the server by unicast.
    await machine.exec(['ip', 'address', 'add', `${first?.address}/24`, 'dev', 'eth0']);
    await dhclient('-r');
    await expect.poll(() => leaseOf(MACS.dhclient)?.state).toBe('released');
  });

  it('the client of the npm package gets one, too', async () => {
    // It can broadcast only with an address and a route.
    const machine = await host('npm', { mac: MACS.npm, address: '10.7.0.200/24' });
    await machine.exec(['ip', 'route', 'add', 'default', 'dev', 'eth0']);
    const script = fileURLToPath(new URL('support/npm-dhcp-client.ts', import.meta.url));
    const said = await machine.exec([process.execPath, script, MACS.npm]);
    expect(JSON.parse(said)).toMatchObject({ address: leaseOf(MACS.npm)?.address, server: SITE.address });
  });

  it('firmware that has its address asks port 4011 for its loader, and hears the answer there', async () => {
    const asker = hosts.find(({ name }) => name === 'stranger');
    const request = message('request', SPEAKS.uefi, { ciaddr: ip(STRANGER), mac: '52:54:00:0c:00:04' });
    const bytes = encodeMessage(request);
    const hex = bytes.ok ? Buffer.from(bytes.value).toString('hex') : '';
    const script = fileURLToPath(new URL('support/ask-boot-server.py', import.meta.url));
    const said = await asker?.exec(['python3', script, SITE.address, hex]);
    const [address, port, answer = ''] = said?.trim().split(' ') ?? [];
    expect([address, port]).toEqual([SITE.address, '4011']);
    const decoded = decodeMessage(Buffer.from(answer, 'hex'));
    expect(decoded.ok && [messageTypeOf(decoded.value), decoded.value.siaddr, decoded.value.file]).toEqual([
      'ack',
      SITE.address,
      'snponly.efi',
    ]);
    expect(leaseOf('52:54:00:0c:00:04')).toBeUndefined();
  });

  it.each([
    ['nobody is there', undefined, false],
    ['a server knows the time', { mode: 4, stratum: 3 }, true],
    ['a server does not know the time itself', { mode: 4, stratum: 16 }, false],
    ['something else answers', { mode: 3, stratum: 3 }, false],
  ])('the time of the site is asked for by NTP: %s', async (_name, server, expected) => {
    const socket = createSocket('udp4');
    socket.on('message', (_, from) => {
      const answer = Buffer.alloc(48);
      answer.set([0x20 | (server?.mode ?? 0), server?.stratum ?? 0]);
      socket.send(answer, from.port, from.address);
    });
    if (server) await new Promise<void>((resolve) => socket.bind(123, SITE.address, resolve));
    expect(await answersTime(SITE.address, 1_000)).toBe(expected);
    await new Promise<void>((resolve) => socket.close(resolve));
  });

  it('leave no trouble behind, and their leases on disk', async () => {
    expect(log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(server.counters()).toMatchObject({ 'done.release': 1 });
    expect(
      Object.keys(server.counters()).filter((name) => /^(bugs|malformed|commit-failed|send-failed)/.test(name)),
    ).toEqual([]);
    await store.close();
    store = await openStore(join(folder, 'site.db'));
    expect(new Set([...store.state.leases.values()].map(({ mac }) => mac))).toEqual(new Set(Object.values(MACS)));
  });
});
