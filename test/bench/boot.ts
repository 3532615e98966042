import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMac } from '../../src/kernel/mac.ts';
import { run } from '../../src/lab/command.ts';
import { demoSite } from '../../src/lab/demo-site.ts';
import type { FirmwareName } from '../../src/lab/firmware.ts';
import { createTap } from '../../src/lab/network.ts';
import { startMachine } from '../../src/lab/qemu.ts';
import { startSite } from '../../src/lab/site-process.ts';
import { nginxArgv } from './nginx.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';
import { listens, startRival } from './process.ts';

const SERVER = '10.80.0.1';
const MAC = parseMac('52:54:00:5b:00:01');
const MACHINE = {
  uuid: '5b5b5b5b-0001-4000-8000-525400000001',
  serial: 'BENCH-1',
  manufacturer: 'Lab',
  product: 'Node',
};
const FIRMWARES: readonly FirmwareName[] = ['bios', 'uefi'];
/** A boot takes most of its time in the machine itself, the same in each round. */
const MOST_ROUNDS = 2;
const TIMEOUT_MS = 180_000;

type Server = { stop(): Promise<void> };

/** A machine from power-on to its first program, with real firmware: a whole site, and what people set up by hand. */
export const boot: Part = {
  title: 'one machine, power-on to /init: s',
  run: async (bench) => {
    await createTap('tap0', 'br0');
    const rounds = Math.min(bench.rounds, MOST_ROUNDS);
    const rows: Row[] = [];
    for (const firmware of FIRMWARES) {
      const { slipway = [], byHand = [] } = await inTurn(rounds, {
        slipway: () => secondsToInit(bench, firmware, startSlipway),
        byHand: () => secondsToInit(bench, firmware, startByHand),
      });
      const reached = { slipway: median(slipway).toFixed(1), 'dnsmasq + nginx': median(byHand).toFixed(1) };
      rows.push({ what: firmware, reached, ratio: median(slipway) / median(byHand), goal: { atMost: 1.05 } });
    }
    return rows;
  },
};

async function secondsToInit(
  bench: Bench,
  firmware: FirmwareName,
  start: (bench: Bench, workDir: string) => Promise<Server>,
): Promise<number> {
  const workDir = await mkdtemp(join(bench.dir, 'boot-'));
  const server = await start(bench, workDir);
  try {
    const startedAt = performance.now();
    const { memoryMb } = bench.guest;
    const identity = { ...MACHINE, mac: MAC ?? fail() };
    const machine = await startMachine({
      ...identity,
      firmware,
      memoryMb,
      tap: 'tap0',
      workDir: join(workDir, 'node'),
    });
    try {
      await machine.console.waitFor(/SLIPWAY-GUEST: linux is up/, TIMEOUT_MS);
      return (performance.now() - startedAt) / 1_000;
    } finally {
      await machine.stop();
    }
  } finally {
    await server.stop();
  }
}

async function startSlipway({ guest }: Bench, workDir: string): Promise<Server> {
  const site = await demoSite(guest, { mac: MAC ?? fail() });
  const config = site.replace(/^vars: \{/m, 'vars: {"nodesNet":"10.80.0.0/16",');
  return startSite({ workDir, config });
}

/** dnsmasq for addresses and TFTP, nginx for the rest, iPXE from the same files, and a script with the same command line. */
async function startByHand({ guest, programs }: Bench, workDir: string): Promise<Server> {
  const root = join(workDir, 'root');
  await mkdir(root);
  await copyFile('/usr/lib/ipxe/snponly.efi', join(root, 'snponly.efi'));
  await copyFile(guest.kernel, join(root, 'vmlinuz'));
  await copyFile(guest.initramfs, join(root, 'initrd.img'));
  const base = `http://${SERVER}`;
  const kernel = `kernel ${base}/vmlinuz initrd=initrd.img console=ttyS0 ds=nocloud-net;s=${base}/nocloud/`;
  await writeFile(join(root, 'boot.ipxe'), `#!ipxe\n${kernel}\ninitrd ${base}/initrd.img\nboot\n`);
  const dnsmasq = await startRival(
    [
      'dnsmasq',
      ...['--keep-in-foreground', '--port=0', '--no-ping', '--interface=br0', '--bind-interfaces', '--user=root'],
      ...['--conf-file=/dev/null', '--dhcp-range=10.80.16.0,10.80.250.255,255.255.0.0,30m', '--dhcp-authoritative'],
      ...[`--dhcp-leasefile=${join(workDir, 'leases')}`, '--enable-tftp', `--tftp-root=${root}`],
      ...['--dhcp-match=set:ipxe,175', `--dhcp-boot=tag:ipxe,${base}/boot.ipxe`],
      '--dhcp-boot=tag:!ipxe,snponly.efi',
    ],
    () => listens(run, 'udp', 67),
  );
  const argv = await nginxArgv(programs.nginx, { workDir, root, address: SERVER });
  const nginx = await startRival(argv, () => listens(run, 'tcp', 80));
  return { stop: () => Promise.all([dnsmasq.stop(), nginx.stop()]).then(() => undefined) };
}

function fail(): never {
  throw new Error('a constant is not what it says');
}
