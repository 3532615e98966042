import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../adapters/node/package-file.ts';
import { AppError } from '../kernel/errors.ts';
import { type Argv, tied, toolEnvironment } from './command.ts';

/** What the unit file of the service says, too. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=16', '--max-old-space-size=1024'];
const LAUNCHER = packageFile('bin/slipway.js');

/** A file of Slipway as YAML: a line per key. */
export function configText(config: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `${lines.join('\n')}\n`;
}

/** A real `slipway site` or `slipway hub`, as a process of its own. */
export type SlipwayProcess = {
  readonly pid: number;
  /** For the CLI's `--socket`. */
  readonly socket: string;
  readonly logPath: string;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Ends it as an operator does (SIGTERM) or as a power cut does (SIGKILL), and waits for the end. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

export type LaunchOptions = {
  readonly command: 'site' | 'hub';
  readonly workDir: string;
  readonly configPath: string;
  readonly args?: readonly string[];
  /** Wraps the command, to run it on another host of the lab. */
  readonly on?: (argv: Argv) => Argv;
  readonly readyWithinMs: number;
  /** Asked again and again until it says true; a rejection counts as false. */
  readonly isReady: (socket: string) => Promise<boolean>;
};

/**
 * Starts it and waits until it is ready. Its log is `COMMAND.log` in the work folder.
 * @throws AppError `lab-failed` with the last lines of its log if it ends or is not ready in time
 */
export async function startSlipway(options: LaunchOptions): Promise<SlipwayProcess> {
  // The path of a Unix socket has at most 107 characters, which a work folder deep in somebody's home may exceed.
  const runtimeDir = await mkdtemp(join(tmpdir(), 'slipway-run-'));
  const started = launch(options, runtimeDir);
  try {
    await untilReady(started, options);
  } catch (cause) {
    await started.stop('SIGKILL');
    throw cause;
  }
  return started;
}

type Launched = SlipwayProcess & { lastWords(): string };

function launch({ command, workDir, configPath, args, on }: LaunchOptions, runtimeDir: string): Launched {
  const flags = command === 'site' ? NODE_FLAGS : [];
  const own: Argv = [process.execPath, ...flags, LAUNCHER, command, '--config', configPath, ...(args ?? [])];
  const [program, ...rest] = tied(on ? on(own) : own);
  const env = toolEnvironment({ RUNTIME_DIRECTORY: runtimeDir });
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const logPath = join(workDir, `${command}.log`);
  const log = createWriteStream(logPath, { flags: 'a' });
  let tail = '';
  const keep = (chunk: Buffer): void => {
    log.write(chunk);
    tail = (tail + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = endOf(child).finally(async () => {
    log.end();
    await rm(runtimeDir, { recursive: true, force: true });
  });
  return {
    pid: child.pid ?? 0,
    socket: join(runtimeDir, 'control.sock'),
    logPath,
    exited,
    lastWords: () => tail,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await exited;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(signal ?? code ?? 1));
  });
}

async function untilReady(started: Launched, { command, readyWithinMs, isReady }: LaunchOptions): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  let ended: number | NodeJS.Signals | undefined;
  started.exited.then((status) => {
    ended = status;
  });
  for (;;) {
    if (ended !== undefined)
      throw new AppError('lab-failed', `the ${command} ended with ${ended}:\n${started.lastWords()}`);
    // Not listening yet: asked again until the deadline.
    if (await isReady(started.socket).catch(() => false)) return;
    if (performance.now() > deadline)
      throw new AppError('lab-failed', `the ${command} was not ready in ${readyWithinMs} ms:\n${started.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
