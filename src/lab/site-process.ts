import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askSite } from '../adapters/http/control-client.ts';
import { packageFile } from '../adapters/node/package-file.ts';
import { AppError } from '../kernel/errors.ts';
import { type Argv, tied, toolEnvironment } from './command.ts';

const LAUNCHER = packageFile('bin/slipway.js');

export type SiteProcessOptions = {
  /** Keeps the site's file, data and log; used again by the next site that is started in it. */
  readonly workDir: string;
  /** The text of the site file; `dataDir` is added. */
  readonly config: string;
  /** Wraps the command, to run the site on another host of the lab. */
  readonly on?: (argv: Argv) => Argv;
  readonly args?: readonly string[];
  readonly readyWithinMs?: number;
};

/** A real `slipway site`, as a process of its own. */
export type SiteProcess = {
  readonly pid: number;
  /** For the CLI's `--socket`. */
  readonly socket: string;
  readonly logPath: string;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Ends it as an operator does (SIGTERM) or as a power cut does (SIGKILL), and waits for the end. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

/**
 * Starts a site and waits until it is ready.
 * @throws AppError `lab-failed` with the last lines of its log if it ends or is not ready in time
 */
export async function startSite(options: SiteProcessOptions): Promise<SiteProcess> {
  await mkdir(options.workDir, { recursive: true });
  const configPath = join(options.workDir, 'site.yaml');
  await writeFile(configPath, `${options.config.trimEnd()}\ndataDir: ${join(options.workDir, 'data')}\n`);
  // The path of a Unix socket has at most 107 characters, which a work folder deep in somebody's home may exceed.
  const runtimeDir = await mkdtemp(join(tmpdir(), 'slipway-run-'));
  const site = launch(options, configPath, runtimeDir);
  try {
    await untilReady(site, options.readyWithinMs ?? 30_000);
  } catch (cause) {
    await site.stop('SIGKILL');
    throw cause;
  }
  return site;
}

function launch(
  options: SiteProcessOptions,
  configPath: string,
  runtimeDir: string,
): SiteProcess & { lastWords(): string } {
  const own: Argv = [process.execPath, LAUNCHER, 'site', '--config', configPath, ...(options.args ?? [])];
  const [program, ...args] = tied(options.on ? options.on(own) : own);
  const env = toolEnvironment({ RUNTIME_DIRECTORY: runtimeDir });
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const logPath = join(options.workDir, 'site.log');
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

async function untilReady(site: SiteProcess & { lastWords(): string }, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let ended: number | NodeJS.Signals | undefined;
  site.exited.then((status) => {
    ended = status;
  });
  for (;;) {
    if (ended !== undefined) throw new AppError('lab-failed', `the site ended with ${ended}:\n${site.lastWords()}`);
    if (await isReady(site.socket)) return;
    if (performance.now() > deadline)
      throw new AppError('lab-failed', `the site was not ready in ${withinMs} ms:\n${site.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isReady(socket: string): Promise<boolean> {
  try {
    const { notReady } = await askSite<{ notReady: readonly string[] }>(socket, '/api/v1/status');
    return notReady.length === 0;
  } catch {
    // Not listening yet: asked again until the deadline.
    return false;
  }
}
