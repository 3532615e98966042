import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { AppError } from '../kernel/errors.ts';
import { type Argv, cannotStart, run, tied, toolEnvironment } from './command.ts';

const INSIDE = 'SLIPWAY_LAB_NAMESPACE';

/** Whether this process runs in a namespace made by `enterNamespace`. */
export function isInsideNamespace(): boolean {
  return process.env[INSIDE] === '1';
}

/**
 * The command that runs `argv` as process 1 of network, mount and process namespaces of its own, with the loopback
 * interface up. A user who is not root gets a user namespace around it, in which he is.
 */
export function namespaceArgv(argv: Argv, isRoot: boolean): Argv {
  const asRoot = isRoot ? [] : ['--user', '--map-root-user'];
  const fresh = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const setUp = 'ip link set lo up && exec "$@"';
  return ['unshare', ...asRoot, ...fresh, '--', 'sh', '-c', setUp, 'sh', ...argv];
}

/**
 * Runs `argv` in a namespace of its own, on the terminal of this process, and gives its exit status (128 + n if signal
 * n ended it). Whatever it started is gone afterwards, also when this process is killed.
 *
 * SIGINT, SIGTERM and SIGHUP are passed on, each once: the inner process lives in a session of its own, so the
 * terminal's Ctrl-C does not reach it as well. As process 1 it must have handlers for them, because the kernel drops
 * signals that process 1 does not handle; a second signal kills it.
 *
 * @throws AppError `permission-denied` if this machine does not allow namespaces
 */
export async function enterNamespace(argv: Argv): Promise<number> {
  const isRoot = process.geteuid?.() === 0;
  await assertAllowed(isRoot);
  const command = tied(namespaceArgv(argv, isRoot));
  const [program, ...rest] = command;
  const child = spawn(program, rest, { stdio: 'inherit', detached: true, env: toolEnvironment({ [INSIDE]: '1' }) });
  const stopPassing = passSignals((signal, isRepeated) => {
    if (isRepeated) child.kill('SIGKILL');
    else signalChildOf(child.pid, signal);
  });
  return new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(command, cause)));
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  }).finally(stopPassing);
}

async function assertAllowed(isRoot: boolean): Promise<void> {
  await run(namespaceArgv(['true'], isRoot)).catch((cause: unknown) => {
    if (cause instanceof AppError && cause.code === 'tool-missing') throw cause;
    const advice = isRoot
      ? 'a container needs --privileged for it'
      : 'start it as root, or type: sudo sysctl kernel.unprivileged_userns_clone=1';
    throw new AppError('permission-denied', `The lab may not make a network of its own here; ${advice}.`, { cause });
  });
}

const PASSED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function passSignals(pass: (signal: NodeJS.Signals, isRepeated: boolean) => void): () => void {
  let count = 0;
  const listener = (signal: NodeJS.Signals) => pass(signal, count++ > 0);
  for (const signal of PASSED) process.on(signal, listener);
  return () => {
    for (const signal of PASSED) process.off(signal, listener);
  };
}

/** unshare itself blocks these signals while it waits for its one child. */
function signalChildOf(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    process.kill(Number.parseInt(children, 10), signal);
  } catch {
    // It has ended meanwhile, or has not begun: then there is nobody to tell.
  }
}
