import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { labCacheDir } from './cache.ts';
import { type Argv, eachLine, tied, toolEnvironment } from './command.ts';
import type { Host } from './network.ts';
import { keptUnpacked, type Wanted } from './unpacked.ts';

/** Servers that are only unpacked: installed, they would start with this machine and take its ports. */
export const DHCP_SERVERS = {
  kea: { name: 'kea-dhcp4-server', suite: 'bookworm' },
  relay: { name: 'isc-dhcp-relay', suite: 'bookworm' },
} as const satisfies Record<string, Wanted>;

/** A server of somebody else, on a host of the lab. Its log is `NAME.log` in the work folder. */
export type RunningServer = { readonly name: string; stop(): Promise<void> };

/** What a store's router leases on the host's `eth0`. Addresses are of one /24. */
export type Leasing = {
  /** `10.77.0.` */
  readonly prefix: string;
  /** The last numbers of its first and last address. */
  readonly from: number;
  readonly to: number;
  /** The last number of the router that it names. */
  readonly router: number;
  readonly workDir: string;
};

export const DHCP_SERVER_NAMES = ['dnsmasq', 'kea'] as const;
export type DhcpServerName = (typeof DHCP_SERVER_NAMES)[number];

/**
 * A DHCP server as stores have them, which knows nothing of netboot.
 * @throws AppError `lab-failed` with its last words if it ends at once
 */
export function startDhcpServer(name: DhcpServerName, host: Host, leasing: Leasing): Promise<RunningServer> {
  return name === 'kea' ? startKea(host, leasing) : startDnsmasq(host, leasing);
}

function startDnsmasq(host: Host, { prefix, from, to, router, workDir }: Leasing): Promise<RunningServer> {
  const argv = host.argv(
    ...([
      'dnsmasq',
      '--no-daemon',
      '--port=0',
      '--conf-file=/dev/null',
      '--user=root',
      '--log-dhcp',
      '--no-ping',
    ] as const),
    ...['--interface=eth0', '--dhcp-authoritative', `--pid-file=${join(workDir, 'dnsmasq.pid')}`],
    `--dhcp-leasefile=${join(workDir, 'dnsmasq.leases')}`,
    `--dhcp-range=${prefix}${from},${prefix}${to},255.255.255.0,1h`,
    `--dhcp-option=option:router,${prefix}${router}`,
  );
  return start('dnsmasq', argv, { workDir, isUp: /DHCP, IP range/ });
}

async function startKea(host: Host, { prefix, from, to, router, workDir }: Leasing): Promise<RunningServer> {
  const { files } = await keptUnpacked(labCacheDir(), DHCP_SERVERS.kea);
  await mkdir(workDir, { recursive: true });
  const config = join(workDir, 'kea.json');
  const subnet = {
    id: 1,
    subnet: `${prefix}0/24`,
    pools: [{ pool: `${prefix}${from} - ${prefix}${to}` }],
    'option-data': [{ name: 'routers', data: `${prefix}${router}` }],
  };
  const dhcp4 = {
    'interfaces-config': { interfaces: ['eth0'] },
    'lease-database': { type: 'memfile', persist: true, name: join(workDir, 'kea.leases') },
    'valid-lifetime': 3600,
    authoritative: true,
    subnet4: [subnet],
    loggers: [{ name: 'kea-dhcp4', output_options: [{ output: 'stdout' }], severity: 'INFO' }],
  };
  await writeFile(config, JSON.stringify({ Dhcp4: dhcp4 }));
  const env = { KEA_PIDFILE_DIR: workDir, KEA_LOCKFILE_DIR: workDir };
  const argv = host.argv(join(files, 'usr/sbin/kea-dhcp4'), '-c', config);
  return start('kea', argv, { workDir, env, isUp: /DHCP4_STARTED/ });
}

/**
 * The relay of ISC on a host with `eth0` towards the server and `eth1` towards the machines; adds option 82.
 * @param server the address that it asks
 */
export async function startRelay(host: Host, server: string, workDir: string): Promise<RunningServer> {
  const { files } = await keptUnpacked(labCacheDir(), DHCP_SERVERS.relay);
  const flags = ['-4', '-d', '-a', '-m', 'append', '--no-pid', '-iu', 'eth0', '-id', 'eth1', server];
  return start('dhcrelay', host.argv(join(files, 'usr/sbin/dhcrelay'), ...flags), {
    workDir,
    isUp: /Sending on +Socket/,
  });
}

type StartOptions = { readonly workDir: string; readonly isUp: RegExp; readonly env?: Record<string, string> };

const UP_WITHIN_MS = 15_000;
const LAST_WORDS = 12;

async function start(name: string, argv: Argv, { workDir, isUp, env = {} }: StartOptions): Promise<RunningServer> {
  await mkdir(workDir, { recursive: true });
  const [program, ...args] = tied(argv);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(env) });
  const lines: string[] = [];
  try {
    await upOf(child, lines, isUp);
  } catch (cause) {
    await end(child);
    const said = lines.slice(-LAST_WORDS).join('\n');
    throw new AppError('lab-failed', `${name} did not start: ${(cause as Error).message}\n${said}`, { cause });
  }
  return {
    name,
    stop: async () => {
      await end(child);
      await writeFile(join(workDir, `${name}.log`), `${lines.join('\n')}\n`);
    },
  };
}

function upOf(child: ChildProcess, lines: string[], isUp: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it said nothing of it in ${UP_WITHIN_MS} ms`)), UP_WITHIN_MS);
    const hear = (line: string): void => {
      lines.push(line);
      if (isUp.test(line)) resolve();
    };
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    child.once('close', () => clearTimeout(timer));
    timer.unref();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
