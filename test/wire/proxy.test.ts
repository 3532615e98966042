import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startDhcpServer } from '../../src/lab/dhcp-servers.ts';
import { readRequest } from '../packets/hex.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab, sha256 } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1b:00:01';
const THIEF = '52:54:00:1b:00:66';
const NET = '10.44.0';
const STORE = `${NET}.250`;
const support = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url));

type Heard = { readonly from: string; readonly yiaddr: string; readonly file: string; readonly server: string } & {
  readonly siaddr: string;
  readonly class: string;
  readonly codes: readonly number[];
};

const lab = new SiteLab('br-proxy', NET);
let store: RunningServer;
let till: SimMachine;

/** What a recorded firmware hears as this machine, which asks until that many servers have offered something. */
async function asFirmware(machine: SimMachine, recorded: string, servers: number, ...take: string[]) {
  const packet = Buffer.from(readRequest(recorded)).toString('hex');
  const said = await machine.host.exec(['python3', support('pxe-beside.py'), packet, String(servers), ...take]);
  return said.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Heard] : []));
}

beforeAll(async () => {
  await lab.open();
  const path = writeTemplate(lab, {
    slots: [{ name: 'till-1', mac: MAC, host: 11 }],
    userData: '{ text: "#cloud-config\\nhostname: till-1\\n", secret: true }',
  });
  const leasing = readFileSync(path, 'utf8').replace(/pool: .*os: 30m \} \}/, 'mode: proxy, dns: [+250] }');
  lab.write('template.yaml', leasing);
  const host = await lab.host('store', { address: `${STORE}/24` });
  const workDir = join(lab.workDir, 'store');
  store = await startDhcpServer('dnsmasq', host, { prefix: `${NET}.`, from: 100, to: 120, router: 250, workDir });
  await lab.start();
  await lab.untilAssetsAreHere();
  till = await SimMachine.plugIn(lab, 'till', MAC);
});

afterAll(async () => {
  await store?.stop();
  await lab.end();
});

describe('beside a server that leases', () => {
  it('UEFI firmware is offered an address by the one and its boot by the other, and asks port 4011', async () => {
    const heard = await asFirmware(till, 'ovmf-x64-discover', 2, 'take');
    const ours = heard.filter(({ server }) => server === lab.address);
    expect(ours).toMatchObject([{ yiaddr: '0.0.0.0', siaddr: lab.address, class: 'PXEClient' }]);
    for (const code of [1, 3, 43, 51]) expect(ours[0]?.codes).not.toContain(code);
    const theirs = heard.filter(({ server }) => server === STORE);
    expect(theirs.map(({ yiaddr }) => yiaddr.startsWith(`${NET}.1`))).toEqual([true, true]);
    const packet = Buffer.from(readRequest('ovmf-x64-request'))
      .toString('hex')
      .replace(/^(.{56}).{12}/, `$1${MAC.replaceAll(':', '')}`);
    const answer = await till.host.exec(['python3', support('ask-boot-server.py'), lab.address, packet]);
    expect(answer).toMatch(new RegExp(`^${lab.address} 4011 `));
    expect(Buffer.from(answer.split(' ')[2] ?? '', 'hex').toString('latin1')).toContain('snponly.efi');
  });

  it('its loader comes by TFTP, and by that its boot is seen', async () => {
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
    await expect.poll(async () => (await lab.node('till-1')).boots[0]?.stages.at(-1)?.stage).toBe('loader');
  });

  it('iPXE is offered its script by the one, and again its address by the other', async () => {
    const heard = await asFirmware(till, 'ipxe-snponly-discover', 2, 'take');
    expect(heard.find(({ server }) => server === lab.address)).toMatchObject({
      ...{ yiaddr: '0.0.0.0', class: 'PXEClient', file: `http://${lab.address}/boot.ipxe` },
    });
    expect(heard.find(({ server }) => server === lab.address)?.codes).not.toContain(175);
  });

  const killed = async () => {
    await lab.site?.stop('SIGKILL');
    await lab.start();
  };

  it('it boots, reads its secrets with no lease of ours, and is enrolled, though the site is killed twice', async () => {
    const script = await till.get(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64`);
    const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? '';
    expect(seed).toMatch(/\/t\/[^/]+\/$/);
    await killed();
    for (const [path] of script.matchAll(/\/assets\/sha256\/[0-9a-f]{64}\/\S+/g))
      await till.curl('-o', '/dev/null', till.url(path));
    await expect.poll(async () => (await lab.node('till-1')).boots[0]?.stages.at(-1)?.stage).toBe('kernel');
    const { ip, serverid } = await till.dhcp();
    expect(serverid).toBe(STORE);
    await killed();
    expect(await till.get(`${seed}user-data`)).toContain('hostname: till-1');
    expect(await till.get(`${seed}network-config`)).toMatch(new RegExp(`addresses:\\n +- "${NET}.11/24"`));
    const phone = /url: ["']?(http\S+?phone-home)/.exec(await till.get(`${seed}vendor-data`))?.[1] ?? '';
    expect(await till.phoneHome(phone)).toBe(200);
    const { node, boots } = await lab.node('till-1');
    expect(node).toMatchObject({ state: 'enrolled', binding: 1, unwatched: expect.stringContaining('not known') });
    await expect.poll(async () => (await lab.node('till-1')).node?.machine?.address).toBe(ip);
    // What was only seen, as that the script was asked for, may be lost with the last milliseconds before a kill.
    const stages = boots.map((boot) => boot.stages.map(({ stage }) => stage).filter((stage) => stage !== 'script'));
    expect(stages).toEqual([['seen', 'loader', 'kernel', 'os', 'configured', 'done']]);
  });

  it('another machine reads nothing with that token, whatever address it has', async () => {
    const script = await till.get(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64`);
    const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? '';
    const thief = await SimMachine.plugIn(lab, 'thief', THIEF);
    await thief.dhcp();
    expect((await thief.curl('-o', '/dev/null', '-w', '%{http_code}', `${seed}user-data`)).out).toBe('403');
  });

  it('an installed system gets its address from the other, and nobody else speaks to it', async () => {
    const other = await SimMachine.plugIn(lab, 'desk', '52:54:00:1b:00:02');
    expect(await other.dhcp()).toMatchObject({ serverid: STORE });
    const strange = await asFirmware(other, 'bios-rom-discover', 1);
    expect(strange.map(({ server }) => server)).toEqual([STORE]);
    expect((await lab.status()).networks).toMatchObject([{ name: 'nodes', leases: 0 }]);
    // Of the thief before, and of nobody else.
    expect(lab.complaints()).toMatchObject([
      { msg: 'a secret was asked for and refused', because: expect.stringContaining(THIEF) },
    ]);
  });
});
