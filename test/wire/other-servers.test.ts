import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { createUdpPort } from '../../src/adapters/node/udp.ts';
import { run, tied, toolEnvironment } from '../../src/lab/command.ts';
import { type RunningServer, startDhcpServer } from '../../src/lab/dhcp-servers.ts';
import { createSwitch, type Host } from '../../src/lab/network.ts';
import { clientDoor, look } from '../../src/site/dhcp/look.ts';
import type { NetworkView } from '../../src/wire/api/views.ts';
import { TestLog } from '../packets/ports.ts';
import { ip } from '../packets/world.ts';
import { SiteLab, slipway } from './support/site-lab.ts';

const PROGRAM = new URL('support/who-offers.ts', import.meta.url).pathname;
const KNOWN = '52:54:00:07:00:01';
const STRANGER = '52:54:00:07:00:02';
const RIVAL_MAC = '52:54:00:07:00:05';
const FAST = ['--fault', 'look-delay=300'];

const lab = new SiteLab('br-oth', '10.57.0');
const rivalAddress = `${lab.net}.5`;
let rivalHost: Host;
let client: Host;
let rival: RunningServer | undefined;

async function startRival(): Promise<void> {
  const leasing = { prefix: `${lab.net}.`, from: 200, to: 220, router: 5, workDir: join(lab.workDir, 'rival') };
  rival = await startDhcpServer('dnsmasq', rivalHost, leasing);
}

async function stopRival(): Promise<void> {
  await rival?.stop();
  rival = undefined;
}

function template(mode: string, more = ''): void {
  lab.write(
    'template.yaml',
    `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: rivals }
spec:
  networks: { nodes: { mode: ${mode}, subnet: ${lab.net}.0/24, pool: "+100..+120"${more} } }
  profiles: { live: { kind: live, boots: tiny } }
  assets: { tiny: { amd64: { kernel: { source: "file://${lab.write('k', 'k')}", sha256: "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a" } } } }
  slots: { pos-1: { profile: live, match: [{ mac: "${KNOWN}" }], interfaces: { lan0: { boot: true, network: nodes, address: +11 } } } }
`,
  );
}

const network = async (): Promise<NetworkView | undefined> => (await lab.status()).networks[0];
const offersTo = async (mac: string): Promise<string[]> =>
  (await client.exec([process.execPath, PROGRAM, mac])).trim().split('\n');
const until = <T>(check: () => Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 200 });

beforeAll(async () => {
  await lab.open();
  rivalHost = await lab.host('rival', { address: `${rivalAddress}/24`, mac: RIVAL_MAC });
  client = await lab.host('client', { address: `${lab.net}.77/24` });
  await client.exec(['ip', 'route', 'add', 'default', 'dev', 'eth0']);
});

afterAll(async () => {
  await stopRival();
  await lab.end();
});

describe('a look', () => {
  const lookNow = () =>
    look({
      door: clientDoor(createUdpPort(new TestLog()), ip(lab.address)),
      ...{ clock: systemClock, random: systemRandom, site: ip(lab.address), answerMs: 200 },
    });

  it('sees who leases beside a DHCP client of the same machine, and takes nothing of it', async () => {
    await startRival();
    await createSwitch('br-wan');
    const files = ['-lf', join(lab.workDir, 'dhclient.leases'), '-pf', join(lab.workDir, 'dhclient.pid')];
    const dhclient = start(['dhclient', '-4', '-d', '-sf', '/bin/true', ...files, 'br-wan']);
    try {
      // 68, by a program that did not begin here.
      await until(async () => expect(readFileSync('/proc/net/udp', 'utf8')).toContain('00000000:0044'));
      const server = ip(rivalAddress);
      expect(await lookNow()).toEqual({ kind: 'looked', offers: [{ server, sender: server, how: 'offer' }] });
      expect(readFileSync(join(lab.workDir, 'rival/dnsmasq.leases'), 'utf8')).toBe('');
    } finally {
      dhclient.kill('SIGKILL');
      await run(['ip', 'link', 'del', 'br-wan']);
    }
  });

  it('says so where another program has the port for itself', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(68, '0.0.0.0', resolve));
    expect(await lookNow()).toMatchObject({
      kind: 'blind',
      because: expect.stringContaining('another program has it'),
    });
    other.close();
  });
});

describe('a site', () => {
  it('that leases tells of another server, and gives it the strangers until the template allows it', async () => {
    template('authoritative');
    await lab.start({ args: FAST });
    lab.listen();
    await until(async () =>
      expect(await network()).toMatchObject({ role: 'authoritative', otherServers: [{ mac: RIVAL_MAC }] }),
    );
    expect((await lab.status()).alarms).toMatchObject([
      { type: 'other-server', about: `${rivalAddress} ${RIVAL_MAC}`, count: 1 },
    ]);
    expect(await offersTo(KNOWN)).toContain(`${lab.address} ${lab.net}.11`);
    expect(await offersTo(STRANGER)).toEqual([expect.stringMatching(/^10\.57\.0\.5 /)]);
    template('authoritative', `, otherServers: ["${rivalAddress}"]`);
    await until(async () => expect(await network()).toMatchObject({ otherServers: [{ allowed: true }] }));
    expect(await offersTo(STRANGER)).toEqual([
      expect.stringMatching(/^10\.57\.0\.1 /),
      expect.stringMatching(/^10\.57\.0\.5 /),
    ]);
    expect((await lab.ask<{ machines: readonly unknown[] }>('/api/v1/nodes')).machines).toEqual([]);
    await lab.site?.stop();
  });

  it('of mode auto adds the boot where another one leases, stays with that, and looks again when it is told to', async () => {
    template('auto');
    await lab.start({ args: FAST });
    await until(async () => expect((await network())?.role).toBe('proxy'));
    await lab.site?.stop();
    await stopRival();
    await lab.start({ args: FAST });
    expect((await network())?.role).toBe('proxy');
    const tell = (...words: string[]) => slipway([...words, '--socket', lab.site?.socket ?? '']);
    const refused = await fetch(`http://${lab.address}/api/v1/networks/nodes/dhcp-mode`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"to":"authoritative"}' },
    });
    expect([refused.status, (await network())?.role]).toEqual([403, 'proxy']);
    expect((await tell('dhcp-mode', 'nodes', 'look-again')).out).toContain('looks anew');
    await until(async () => expect((await network())?.role).toBe('authoritative'));
    expect((await tell('status')).out).toMatch(/nodes +10\.57\.0\.0\/24 +10\.57\.0\.1 +leases/);
    await lab.site?.stop();
  });
});

function start(argv: readonly [string, ...string[]]): ChildProcess {
  const [program, ...args] = tied(argv);
  return spawn(program, args, { stdio: 'ignore', env: toolEnvironment() });
}
