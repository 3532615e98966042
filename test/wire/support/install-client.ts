// A machine with an installer, from power on to power on: its DHCP is recorded from real firmware, its scripts are run as
// iPXE runs them, its files and documents are fetched by curl. Before each step it writes `at STEP` and waits for a line.
// The waits of iPXE are a tenth as long. Ends with `lived JSON-of-Lived`.
// Usage: install-client.ts JSON-of-InstallPlan
import { execFileSync, spawnSync } from 'node:child_process';
import { readSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runScript, type ShellWorld } from '../../../src/lab/clients/ipxe-shell.ts';
import type { InstallPlan, Lived } from './install-machine.ts';
import { RecordedDhcp, type Recording } from './recorded-dhcp.ts';

const plan = JSON.parse(process.argv[2] ?? '{}') as InstallPlan;
const FIRMWARE: Readonly<Record<InstallPlan['firmware'], { rom: Recording; ipxe: Recording; settings: object }>> = {
  bios: {
    rom: { discover: 'bios-rom-discover', request: 'bios-rom-request' },
    ipxe: { discover: 'ipxe-rom-discover', request: 'ipxe-rom-request' },
    settings: { platform: 'pcbios', buildarch: 'i386' },
  },
  uefi: {
    rom: { discover: 'ovmf-x64-discover', request: 'ovmf-x64-request' },
    ipxe: { discover: 'ipxe-snponly-discover' },
    settings: { platform: 'efi', buildarch: 'x86_64' },
  },
};
const INSTALLER: Recording = { discover: 'udhcpc-discover' };
const DISK: Recording = { discover: 'dhclient-discover' };
/** No machine comes from its power switch to its loader in less. */
const SELF_TEST_MS = 3_300;
const MOST_BOOTS = 6;
const { rom, ipxe, settings } = FIRMWARE[plan.firmware];

const lived: { told: string[]; installs: number; disks: number } = { told: [], installs: 0, disks: 0 };
let boots = 0;
const dhcp = await RecordedDhcp.open(plan.mac);

while (lived.disks < 2 && boots < MOST_BOOTS) {
  boots += 1;
  if (boots > 1) sleep(SELF_TEST_MS);
  await powerOn();
}
dhcp.close();
writeSync(1, `lived ${JSON.stringify(lived satisfies Lived)}\n`);

async function powerOn(): Promise<void> {
  const loader = await takeAddress('firmware', rom);
  at('loader');
  fetchLoader(loader.file);
  const entry = await takeAddress('iPXE', ipxe);
  at('entry script');
  const script = insist(10, () => curl(entry.file));
  if (script === undefined) return;
  const run = runScript(script, shell());
  lived.told.push(toldBy(run.commands));
  if (run.end === 'booted') await install(run.commands.find((command) => command.startsWith('kernel ')) ?? '');
  else if (lived.installs > 0) await startDisk();
}

/** Firmware and systems forget their address with each start; the card keeps its MAC. */
async function takeAddress(who: string, recording: Recording) {
  ip('address', 'flush', 'dev', 'eth0');
  ip('route', 'replace', 'default', 'dev', 'eth0');
  at(`${who} DISCOVER`);
  const offer = await dhcp.discover(recording);
  at(`${who} REQUEST`);
  const bound = await dhcp.request(recording, offer);
  ip('address', 'replace', `${bound.address}/24`, 'broadcast', '+', 'dev', 'eth0');
  return bound;
}

/** A ROM asks for its loader a few times, and then for an address again; the site is back by then. */
function fetchLoader(file: string): void {
  insist(20, () => curl(`tftp://${plan.site}/${file}`));
}

function shell(): ShellWorld {
  const known = { ...settings, 'netX/mac': plan.mac, manufacturer: 'QEMU', product: 'Standard PC', serial: plan.name };
  const steps: readonly (readonly [RegExp, string])[] = [
    [/boot\/script/, 'script'],
    [/vmlinuz/, 'kernel'],
    [/initrd/, 'initramfs'],
  ];
  return {
    settings: new Map(Object.entries(known)),
    fetch: (url) => {
      at(steps.find(([pattern]) => pattern.test(url))?.[1] ?? url);
      const body = curl(url);
      return body === undefined ? { errno: '0x4c0a6092' } : { script: body };
    },
    sleep: (seconds) => sleep(seconds * 100),
  };
}

function toldBy(commands: readonly string[]): string {
  const said = commands.filter((command) => command.startsWith('echo '));
  if (said.some((line) => line.includes(' INSTALLS '))) return 'install';
  return said.some((line) => line.includes('Going on with the local disk')) ? 'local' : 'other';
}

async function install(kernel: string): Promise<void> {
  await takeAddress('installer', INSTALLER);
  const seed = /ds=nocloud-net;s=(\S+)/.exec(kernel)?.[1] ?? '';
  for (const name of ['meta-data', 'network-config']) {
    at(name);
    insist(10, () => curl(`${seed}${name}`));
  }
  at('user-data');
  const userData = insist(10, () => curl(`${seed}user-data`));
  // Without its configuration it shows a login, until somebody switches it off.
  if (!userData?.includes('install this')) return;
  lived.installs += 1;
  at('vendor-data');
  const vendorData = insist(10, () => curl(`${seed}vendor-data`)) ?? '';
  const report = /http\S+\/r\/[\w-]+/.exec(vendorData)?.[0] ?? '';
  if (plan.completes === 'phone-home') tell('phone-home', `${report}/phone-home`, 'hostname=sim&instance_id=sim');
  const last = { name: 'modules-final', event_type: 'finish', result: 'SUCCESS', origin: 'cloudinit' };
  if (plan.completes === 'report') tell('report', `${report}/report`, JSON.stringify(last));
  if (plan.completes === 'api') at('confirm');
  at('reboot');
}

async function startDisk(): Promise<void> {
  lived.disks += 1;
  await takeAddress('disk', DISK);
  if (plan.completes === 'talos-running') {
    at('running');
    insist(10, () => (sayRunning() ? '' : undefined));
  }
  at('power off');
}

function sayRunning(): boolean {
  const program = fileURLToPath(new URL('talos-node.ts', import.meta.url));
  const event = JSON.stringify([`id-${plan.name}`, 'MachineStatusEvent', { stage: 4 }]);
  const { stdout } = spawnSync(process.execPath, [program, 'events', plan.site, '3002', event], { encoding: 'utf8' });
  return stdout.trim() === 'ok';
}

function tell(step: string, url: string, body: string): void {
  at(step);
  insist(10, () => curl('--data', body, url));
}

/** As cloud-init does it: again after a second, ten times. */
function insist(tries: number, ask: () => string | undefined): string | undefined {
  for (let i = 0; i < tries; i++) {
    const answer = ask();
    if (answer !== undefined) return answer;
    sleep(1_000);
  }
  return undefined;
}

function curl(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('curl', ['-sSf', '--max-time', '10', ...args], {
    encoding: 'latin1',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : undefined;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Says where it is, and goes on when it is told to. */
function at(step: string): void {
  writeSync(1, `at ${boots} ${step}\n`);
  readSync(0, Buffer.alloc(64));
}
