import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/lab/command.ts';
import { type RunningServer, startRelay } from '../../src/lab/dhcp-servers.ts';
import { createHost, createSwitch, type Host, makeRouter } from '../../src/lab/network.ts';
import { readRequest } from '../packets/hex.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab, sha256 } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1c:00:01';
const [NEAR, FAR] = ['10.45.0', '10.46.0'];
const RELAY = `${NEAR}.9`;

/** Takes an address, renews it as soon as it has it, and goes when that is done; or after fifteen seconds each. */
const RENEW = `
  said=$(mktemp); udhcpc -i eth0 -f -s /bin/true > $said 2>&1 & client=$!
  leases() { for try in $(seq 150); do [ $(grep -c 'lease of' $said) -ge $1 ] && return; sleep 0.1; done; }
  leases 1; kill -USR1 $client; leases 2; kill $client; wait; cat $said; rm $said`;

const lab = new SiteLab('br-near', NEAR);
const hosts: Host[] = [];
let relay: RunningServer;
let till: SimMachine;

async function behind(name: string, mac: string): Promise<SimMachine> {
  const host = await createHost(name, 'br-far', { mac });
  hosts.push(host);
  return new SimMachine(lab, host, mac);
}

beforeAll(async () => {
  await lab.open();
  const path = writeTemplate(lab, {
    slots: [{ name: 'till-1', mac: MAC, host: 11 }],
    userData: '{ text: "#cloud-config\\nhostname: till-1\\n", secret: true }',
  });
  const far = `    far: { subnet: ${FAR}.0/24, via: nodes, router: +1, pool: "+100..+119" }`;
  const text = readFileSync(path, 'utf8').replace('network: nodes, address', 'network: far, address');
  lab.write('template.yaml', text.replace('  assets:', `${far}\n  assets:`));
  await createSwitch('br-far');
  const router = await lab.host('router', { address: `${RELAY}/24` });
  await makeRouter(router, 'eth1', 'br-far', `${FAR}.1/24`);
  relay = await startRelay(router, lab.address, join(lab.workDir, 'relay'));
  await run(['ip', 'route', 'add', `${FAR}.0/24`, 'via', RELAY]);
  await lab.start();
  await lab.untilAssetsAreHere();
  till = await behind('till', MAC);
});

afterAll(async () => {
  await relay?.stop();
  for (const host of hosts) await host.close();
  await run(['ip', 'link', 'del', 'br-far']);
  await lab.end();
});

describe('a machine behind a relay', () => {
  it('its firmware gets the address of its own network, through the relay', async () => {
    const client = fileURLToPath(new URL('support/pxe-beside.py', import.meta.url));
    const said = await till.host.exec([
      'python3',
      client,
      Buffer.from(readRequest('ovmf-x64-discover')).toString('hex'),
      '1',
      'take',
    ]);
    const heard = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(heard).toHaveLength(2);
    for (const answer of heard)
      expect(answer).toMatchObject({
        yiaddr: `${FAR}.11`,
        siaddr: lab.address,
        server: lab.address,
        file: 'snponly.efi',
      });
    await till.host.exec(['ip', 'route', 'add', 'default', 'via', `${FAR}.1`]);
  });

  it('its loader, script, secrets and word come over the router, and its lease says who it is', async () => {
    const local = join(lab.workDir, 'got-snponly.efi');
    await till.host.exec([
      'atftp',
      '--option',
      'blksize 1468',
      '--get',
      '-r',
      'snponly.efi',
      '-l',
      local,
      lab.address,
      '69',
    ]);
    expect(sha256(readFileSync(local))).toBe(sha256(readFileSync('/usr/lib/ipxe/snponly.efi')));
    const script = await till.get(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64`);
    const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? '';
    expect(await till.get(`${seed}user-data`)).toContain('hostname: till-1');
    const phone = /url: ["']?(http\S+?phone-home)/.exec(await till.get(`${seed}vendor-data`))?.[1] ?? '';
    expect(await till.phoneHome(phone)).toBe(200);
    const { node, boots } = await lab.node('till-1');
    expect(node).toMatchObject({ state: 'enrolled', machine: { address: `${FAR}.11` } });
    expect(boots[0]?.stages.map(({ stage }) => stage)).toEqual(['seen', 'loader', 'script', 'configured', 'done']);
  });

  it('its system renews by itself, past the relay', async () => {
    const said = await till.host.exec(['sh', '-c', RENEW]);
    expect(said).toContain(`sending renew to server ${lab.address}`);
    expect(said.match(new RegExp(`lease of ${FAR}\\.11 obtained`, 'g'))).toHaveLength(2);
  });

  it('another one gets an address of the pool there', async () => {
    const guest = await behind('guest', '52:54:00:1c:00:02');
    expect((await guest.dhcp())['ip']).toMatch(new RegExp(`^${FAR}\\.1[01]\\d$`));
  });

  it.each([
    ['from the wire of the site', [10, 45, 0, 77], 'relay-refused'],
    ['with the address of the site itself', [10, 45, 0, 1], 'relay-refused'],
    ['from nowhere', [172, 16, 0, 1], 'relay-unknown'],
  ])('a relay that lies, %s, is not believed', async (_, giaddr, reason) => {
    const packet = Buffer.from(readRequest('bios-rom-discover'));
    packet.set(giaddr, 24);
    const counted = async (): Promise<number> =>
      Number(new RegExp(`kind="ignored.${reason}"} (\\d+)`).exec(await lab.metrics())?.[1] ?? 0);
    const before = await counted();
    const socket = createSocket('udp4');
    socket.send(packet, 67, lab.address);
    await expect.poll(counted).toBe(before + 1);
    socket.close();
    await once(socket, 'close');
    expect(lab.complaints()).toEqual([]);
  });
});
