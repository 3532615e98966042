import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { AppError } from '../../kernel/errors.ts';
import { type Argv, cannotStart, run, tied, toolEnvironment } from '../command.ts';

/** The card of the namespace, towards the network. */
export const OWN_DEVICE = 'sim0';

/** A second one, to a bridge only, which hears the broadcasts that the first then does not. */
export const BROADCAST_DEVICE = 'sim1';

/** Says that it is in its namespace, waits for the card, and becomes the command. */
const WAITING = `echo >&3; read -r _; ip link set lo up && ip link set ${OWN_DEVICE} up && { ip link set ${BROADCAST_DEVICE} up 2>/dev/null; exec "$@"; }`;

/**
 * Runs a command in a network namespace of its own that hangs on a device of this one: on a bridge by a cable of its own,
 * elsewhere by a macvlan. All of it is gone when the command has ended.
 * @returns its exit status
 * @throws AppError `permission-denied` if this process may not
 */
export async function inOwnNamespace(device: string, argv: Argv): Promise<number> {
  if (process.geteuid?.() !== 0)
    throw new AppError('permission-denied', 'Simulated machines need network cards of their own: start this as root.');
  const isBridge = (await kindOf(device)) === 'bridge';
  const command = tied(['unshare', '--net', '--', 'sh', '-c', WAITING, 'sh', ...argv], 'TERM');
  const [program, ...rest] = command;
  const child = spawn(program, rest, { stdio: ['pipe', 'inherit', 'inherit', 'pipe'], env: toolEnvironment() });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(command, cause)));
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  // Ctrl-C reaches both: this one waits until the other has tidied up.
  const wait = (): void => undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, wait);
  await Promise.race([once(child.stdio[3] as Readable, 'data'), ended]);
  if (child.exitCode === null) await plugIn(child, device, isBridge);
  return ended;
}

async function plugIn(child: ChildProcess, device: string, isBridge: boolean): Promise<void> {
  const pid = String(child.pid);
  try {
    if (isBridge) {
      const cards = await cable(`sim-${pid}`, { device, far: OWN_DEVICE, pid });
      // Each broadcast would come in on every card of the machines: of a thousand, one answer of DHCP costs a thousand copies.
      await run(['ip', 'link', 'set', cards, 'type', 'bridge_slave', 'bcast_flood', 'off']);
      await cable(`sib-${pid}`, { device, far: BROADCAST_DEVICE, pid });
    } else {
      const macvlan = ['type', 'macvlan', 'mode', 'bridge'];
      await run(['ip', 'link', 'add', 'link', device, 'name', OWN_DEVICE, 'netns', pid, ...macvlan]);
    }
    child.stdin?.end('\n');
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function cable(
  name: string,
  { device, far, pid }: { readonly device: string; readonly far: string; readonly pid: string },
): Promise<string> {
  await run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', far, 'netns', pid]);
  await run(['ip', 'link', 'set', name, 'master', device, 'up']);
  return name;
}

/** What a device is, as `ip` calls it; undefined for a card. */
async function kindOf(device: string): Promise<string | undefined> {
  const said = await run(['ip', '-json', '-details', 'link', 'show', 'dev', device]).catch((cause: unknown) => {
    throw new AppError('interface-missing', `there is no network interface ${device}`, { cause });
  });
  const [link] = JSON.parse(said) as readonly { readonly linkinfo?: { readonly info_kind?: string } }[];
  return link?.linkinfo?.info_kind;
}
