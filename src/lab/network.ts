import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, writeFile } from 'node:fs/promises';
import { AppError } from '../kernel/errors.ts';
import { type Argv, type CommandOptions, eachLine, run, tied, toolEnvironment } from './command.ts';

const TUN = '/dev/net/tun';

/** Another machine on the bridge, without hardware: a network namespace of its own with one card, `eth0`. */
export type Host = {
  readonly name: string;
  /** The process that keeps its namespaces. */
  readonly pid: number;
  /** The command that runs `argv` on this host. */
  argv(...argv: Argv): Argv;
  /** Runs a command on this host to its end and gives its standard output. */
  exec(argv: Argv, options?: CommandOptions): Promise<string>;
  /** Takes the host off the bridge; its processes that still run lose their network. */
  close(): Promise<void>;
};

export type HostOptions = {
  /** `10.0.0.5/24`; without it the card has none, as before DHCP. */
  readonly address?: string;
  /** The card's MAC address; by default the kernel draws one. */
  readonly mac?: string;
};

/**
 * Makes a bridge in the current network namespace and gives it an address like `10.7.0.1/24`. Never forwards packets
 * between its networks.
 */
export async function createBridge(name: string, cidr: string): Promise<void> {
  // With a MAC of its own: by default a bridge takes the lowest of its ports and changes it whenever one joins.
  await ip('link', 'add', name, 'address', bridgeMac(name), 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0');
  await ip('address', 'add', cidr, 'broadcast', '+', 'dev', name);
  await ip('link', 'set', name, 'up');
  // A new namespace takes this setting over from the machine, where a container engine may have switched it on.
  await writeFile('/proc/sys/net/ipv4/ip_forward', '0');
}

/**
 * Makes a tap, the far end of a virtual machine's cable, and plugs it into a bridge.
 * @throws AppError `permission-denied` if this user may not make one
 */
export async function createTap(name: string, bridge: string): Promise<void> {
  await access(TUN, constants.R_OK | constants.W_OK).catch((cause: unknown) => {
    throw new AppError('permission-denied', `a virtual cable needs ${TUN}. Type: sudo chmod 666 ${TUN}`, { cause });
  });
  await ip('tuntap', 'add', 'dev', name, 'mode', 'tap');
  await ip('link', 'set', name, 'master', bridge);
  await ip('link', 'set', name, 'up');
}

/** Makes a host and plugs it into a bridge. The name is at most 12 characters long. */
export async function createHost(name: string, bridge: string, options: HostOptions = {}): Promise<Host> {
  const port = `h-${name}`;
  const holder = await holdNamespace();
  const enter: Argv = ['nsenter', '--target', String(holder.pid), '--net', '--mount', '--'];
  const argv = (...command: Argv): Argv => [...enter, ...command];
  const host: Host = {
    name,
    pid: holder.pid ?? 0,
    argv,
    exec: (command, execOptions) => run(argv(...command), execOptions),
    close: async () => {
      // A TCP connection to a machine that is gone keeps the namespace, and with it this cable, for minutes.
      await ip('link', 'delete', port).catch(() => undefined);
      await release(holder);
    },
  };
  try {
    const mac = options.mac ? ['address', options.mac] : [];
    await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', ...mac, 'netns', String(holder.pid));
    await ip('link', 'set', port, 'master', bridge);
    await ip('link', 'set', port, 'up');
    await host.exec(['ip', 'link', 'set', 'lo', 'up']);
    await host.exec(['ip', 'link', 'set', 'eth0', 'up']);
    if (options.address) await host.exec(['ip', 'address', 'add', options.address, 'broadcast', '+', 'dev', 'eth0']);
  } catch (error) {
    // Not its cable: that may be of another host with its name.
    await release(holder);
    throw error;
  }
  return host;
}

/**
 * Makes a bridge on which this namespace has no address: it joins others and hears nothing itself.
 */
export async function createSwitch(name: string): Promise<void> {
  await ip('link', 'add', name, 'address', bridgeMac(name), 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0');
  await ip('link', 'set', name, 'up');
}

/** Gives a host one more card on a bridge, and lets it pass packets on between its networks. */
export async function makeRouter(host: Host, device: string, bridge: string, cidr: string): Promise<void> {
  const port = `r-${host.name}`;
  await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', device, 'netns', String(host.pid));
  await ip('link', 'set', port, 'master', bridge);
  await ip('link', 'set', port, 'up');
  await host.exec(['ip', 'link', 'set', device, 'up']);
  await host.exec(['ip', 'address', 'add', cidr, 'broadcast', '+', 'dev', device]);
  await host.exec(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}

/** A stable, locally administered address made of the bridge's name. */
export function bridgeMac(name: string): string {
  const hash = [...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
  const tail = [24, 16, 8, 0].map((shift) => ((hash >>> shift) & 255).toString(16).padStart(2, '0'));
  return ['02', '5b', ...tail].join(':');
}

async function ip(...args: string[]): Promise<void> {
  await run(['ip', ...args]);
}

/** A sleeping process that keeps a network and a mount namespace alive; the kernel drops both when it ends. */
async function holdNamespace(): Promise<ChildProcess> {
  const [program, ...args] = tied(['unshare', '--net', '--mount', 'sh', '-c', 'echo ready && exec sleep infinity']);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: toolEnvironment() });
  await new Promise<void>((resolve, reject) => {
    eachLine(child.stdout, () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new AppError('lab-failed', 'a network namespace could not be made')));
  });
  return child;
}

async function release(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
}
