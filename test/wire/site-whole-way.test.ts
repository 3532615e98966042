import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crowdHost } from './support/crowd.ts';
import { SimMachine } from './support/machine.ts';
import { countRows } from './support/site-database.ts';
import { SiteLab, sha256 } from './support/site-lab.ts';
import { INITRD, KERNEL, writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1a:00:01';
const UUID = '4c4c4544-0042-4310-8051-b7c04f503332';
const SMBIOS = `manufacturer=Dell&product=OptiPlex&serial=B7Q3P2&uuid=${UUID}&platform=efi&buildarch=x86_64`;
const LOADER = '/usr/lib/ipxe/snponly.efi';
/** Option 93 for UEFI x64, and 97 with the machine's UUID, as EDK2 sends them. */
const FIRMWARE = ['0x5d:0007', '0x5e:010310', `0x61:00${UUID.replaceAll('-', '')}`];

const lab = new SiteLab('br-way', '10.41.0');
let machine: SimMachine;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }] });
  await lab.start();
  await lab.untilAssetsAreHere();
  machine = await SimMachine.plugIn(lab, 'way', MAC);
});

afterAll(() => lab.end());

describe('a machine goes the whole way', () => {
  let script: string;

  it('its firmware is given the loader', async () => {
    const given = await machine.dhcp({
      vendorClass: 'PXEClient:Arch:00007:UNDI:003016',
      send: FIRMWARE,
      ask: ['tftp', 'bootfile'],
    });
    expect(given).toMatchObject({ ip: '10.41.0.11', siaddr: '10.41.0.1', boot_file: 'snponly.efi' });
    expect(given).toMatchObject({ tftp: '10.41.0.1', bootfile: 'snponly.efi', lease: '300' });
  });

  it('the loader comes by TFTP as the package has it', async () => {
    const local = join(lab.workDir, 'got-snponly.efi');
    const options = ['--option', 'blksize 1468', '--option', 'windowsize 4', '--option', 'tsize 0'];
    await machine.host.exec(['atftp', ...options, '--get', '-r', 'snponly.efi', '-l', local, lab.address, '69']);
    expect(sha256(readFileSync(local))).toBe(sha256(readFileSync(LOADER)));
  });

  it('iPXE is given the script instead of itself', async () => {
    // Options 77 and 175 of an iPXE for EFI (feature 36) that knows HTTP (19).
    const send = [...FIRMWARE, '0x4d:69505845', '0xaf:b105011af41000130101240101'];
    const given = await machine.dhcp({ vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send });
    expect(given).toMatchObject({ ip: '10.41.0.11', boot_file: 'http://10.41.0.1/boot.ipxe' });
    expect(await machine.get('/boot.ipxe')).toMatch(/^#!ipxe\n/);
  });

  it('its script names kernel and initramfs, and curl gets them, also in parts', async () => {
    script = await machine.get(`/boot/script?mac=${MAC}&${SMBIOS}`);
    expect(script).toMatch(/^#!ipxe\n/);
    expect(script).toContain('till-1');
    const urls = [...script.matchAll(/(\/assets\/sha256\/[0-9a-f]{64}\/(\S+))/g)];
    for (const [name, bytes] of [
      ['vmlinuz', KERNEL],
      ['initrd.img', INITRD],
    ] as const) {
      const path = urls.find(([, , file]) => file === name)?.[1] ?? '';
      const local = join(lab.workDir, `got-${name}`);
      await machine.host.exec(['curl', '-sSf', '-r', '0-99999', '-o', local, machine.url(path)]);
      const [, status] = (
        await machine.curl('-C', '-', '-o', local, '-w', 'status %{http_code}', machine.url(path))
      ).out.split(' ');
      expect(status).toBe('206');
      expect(sha256(readFileSync(local))).toBe(sha256(bytes));
    }
  });

  it('its system keeps the address, for longer', async () => {
    expect(await machine.dhcp()).toMatchObject({ ip: '10.41.0.11', lease: '1800' });
  });

  it('NoCloud has four files', async () => {
    const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? '';
    expect(seed).toMatch(/^http:\/\/10\.41\.0\.1\/.+\/$/);
    for (const file of ['meta-data', 'user-data', 'vendor-data', 'network-config'])
      expect((await machine.curl('-o', '/dev/null', '-w', `${file} %{http_code}`, `${seed}${file}`)).out).toBe(
        `${file} 200`,
      );
  });

  it('it phones home and is enrolled, with every stage in its timeline', async () => {
    expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
    const { node, boots } = await lab.node('till-1');
    expect(node).toMatchObject({
      state: 'enrolled',
      binding: 1,
      machine: { address: '10.41.0.11', serial: 'B7Q3P2', uuid: UUID },
    });
    expect(boots).toHaveLength(1);
    expect(boots[0]?.stages.map(({ stage }) => stage)).toEqual([
      'seen',
      'loader',
      'script',
      'kernel',
      'os',
      'configured',
      'done',
    ]);
    expect(lab.complaints()).toEqual([]);
  });
});

describe('a flood of 5,000 DISCOVERs from random MACs', () => {
  it('writes no rows, takes little memory, and a real client still gets its address in time', async () => {
    const host = await crowdHost(lab, 'flood', 250);
    const late = await SimMachine.plugIn(lab, 'late', '52:54:00:1a:00:02');
    const pid = lab.site?.pid ?? 0;
    const rowsBefore = countRows(lab.dataDir);
    const rssBefore = rssMb(pid);
    const program = new URL('support/dhcp-flood.ts', import.meta.url).pathname;
    const said = await host.exec([process.execPath, program, '5000', process.env['SLIPWAY_SEED'] ?? '1']);
    expect(said).toMatch(/^sent 5000, offers [1-9]\d*$/);
    await expect
      .poll(async () => dhcpCount(await lab.metrics(), 'received.discover'), { timeout: 10_000 })
      .toBeGreaterThan(4_000);
    expect(countRows(lab.dataDir)).toEqual(rowsBefore);
    expect(rssMb(pid) - rssBefore).toBeLessThan(96);
    const startedAt = performance.now();
    await late.dhcp();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

function rssMb(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function dhcpCount(metrics: string, kind: string): number {
  return Number(new RegExp(`^slipway_dhcp_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0);
}
