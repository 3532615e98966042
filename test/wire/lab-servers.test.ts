import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/lab/command.ts';
import {
  DHCP_SERVER_NAMES,
  type DhcpServerName,
  type RunningServer,
  startDhcpServer,
  startRelay,
} from '../../src/lab/dhcp-servers.ts';
import { createBridge, createHost, createSwitch, type Host, makeRouter } from '../../src/lab/network.ts';

/** One try of Debian's client, which changes nothing of its host: what it was given is in what it says. */
const lease = (host: Host): Promise<string> =>
  host.exec(['sh', '-c', 'udhcpc -i eth0 -n -q -t 5 -T 1 -f -s /bin/true 2>&1']);

let workDir: string;
const hosts: Host[] = [];
const running: RunningServer[] = [];

beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'slipway-servers-'));
  await createBridge('br-srv', '10.90.0.1/24');
  await createSwitch('br-far');
});
afterAll(async () => {
  for (const server of running) await server.stop();
  for (const host of hosts) await host.close();
  for (const bridge of ['br-srv', 'br-far']) await run(['ip', 'link', 'delete', bridge]);
  await rm(workDir, { recursive: true, force: true });
});

async function host(name: string, bridge: string, address?: string): Promise<Host> {
  const made = await createHost(name, bridge, address === undefined ? {} : { address });
  hosts.push(made);
  return made;
}

describe.each(DHCP_SERVER_NAMES)('%s of the lab', (name: DhcpServerName) => {
  test('leases', async () => {
    const server = await host(`${name.slice(0, 3)}-srv`, 'br-srv', '10.90.0.5/24');
    const leasing = { prefix: '10.90.0.', from: 50, to: 60, router: 1, workDir: join(workDir, name) };
    const started = await startDhcpServer(name, server, leasing);
    const client = await host(`${name.slice(0, 3)}-cli`, 'br-srv');
    expect(await lease(client)).toMatch(/lease of 10\.90\.0\.(5\d|60) obtained from 10\.90\.0\.5/);
    await started.stop();
    await server.close();
  });
});

test('a relay of the lab asks for machines that its server cannot hear', async () => {
  const relay = await host('relay', 'br-srv', '10.90.0.9/24');
  await makeRouter(relay, 'eth1', 'br-far', '10.91.0.1/24');
  running.push(await startRelay(relay, '10.90.0.5', join(workDir, 'relay')));
  const server = await host('far-srv', 'br-srv', '10.90.0.5/24');
  await server.exec(['ip', 'route', 'add', '10.91.0.0/24', 'via', '10.90.0.9']);
  const leasing = { prefix: '10.91.0.', from: 50, to: 60, router: 1, workDir: join(workDir, 'far') };
  running.push(await startDhcpServer('dnsmasq', server, leasing));
  const client = await host('far-cli', 'br-far');
  expect(await lease(client)).toMatch(/lease of 10\.91\.0\.(5\d|60) obtained from 10\.90\.0\.5/);
});
