import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Argv, tied, toolEnvironment } from '../../src/lab/command.ts';

/** A rival while it runs. */
export type Rival = { readonly pid: number; stop(): Promise<void> };

/** Starts a server that stays in the foreground, and waits until `isReady`. @throws Error with its last words if it ends */
export async function startRival(
  argv: Argv,
  isReady: () => Promise<boolean>,
  env: Record<string, string> = {},
): Promise<Rival> {
  const [program, ...args] = tied(argv);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(env) });
  let words = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-2_000);
    });
  const deadline = performance.now() + 10_000;
  while (!(await isReady().catch(() => false))) {
    if (hasEnded(child) || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${argv.join(' ')} did not become ready:\n${words}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** CPU that a process used so far, with that of children that have ended, in seconds (proc(5): utime to cstime). */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** The most memory that a process ever had, in MiB. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Whether somebody listens on a UDP (`udp`) or TCP (`tcp`) port in a network namespace, that of `argv`. */
export async function listens(
  exec: (argv: Argv) => Promise<string>,
  kind: 'udp' | 'tcp',
  port: number,
): Promise<boolean> {
  const text = await exec(['cat', `/proc/net/${kind}`]);
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${hex} \\S+ 0[7A] `, 'm').test(text);
}
