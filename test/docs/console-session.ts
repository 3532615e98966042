import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

export const top = resolve(import.meta.dirname, '../..');

/** What a terminal would show, and the exit status. */
export type Ran = { readonly status: number | null; readonly output: string };

/** A folder with what a checkout has for its reader, and a shell that finds `slipway` there. */
export type ConsoleSession = {
  readonly dir: string;
  /** Writes a file that the page tells its reader to write. */
  write(path: string, text: string): void;
  run(command: string): Promise<Ran>;
  /** As somebody does in another terminal; `stop` is their Ctrl-C. */
  start(command: string): { stop(): Promise<Ran> };
  close(): void;
};

/** What commands of the pages may read; the copy keeps them from changing the checkout. */
const copied = ['templates', 'boot-assets', 'systemd', 'package.json'];

export function openSession(): ConsoleSession {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-docs-'));
  const work = join(dir, 'work');
  const bin = join(dir, 'bin');
  for (const folder of [work, bin, join(dir, 'home'), join(dir, 'run')]) mkdirSync(folder);
  for (const name of copied) {
    if (existsSync(join(top, name))) cpSync(join(top, name), join(work, name), { recursive: true });
  }
  writeProgram(join(bin, 'slipway'), `exec '${process.execPath}' '${join(top, 'bin/slipway.js')}' "$@"`);
  // The real npx spends a second on each line before it starts the same file.
  writeProgram(join(bin, 'npx'), '[ "$1" = slipway ] || exit 127\nshift\nexec slipway "$@"');
  const env = {
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    HOME: join(dir, 'home'),
    // Nothing listens there: commands must not find a site that happens to run on this machine.
    RUNTIME_DIRECTORY: join(dir, 'run'),
    SLIPWAY_SOCKET: join(dir, 'run/control.sock'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
  };
  return {
    dir: work,
    write(path, text) {
      const target = resolve(work, path);
      if (!target.startsWith(`${work}/`)) throw new Error(`${path} lies outside of the page's folder`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    },
    run: (command) => runShell(command, work, env).ended,
    start: (command) => {
      const { child, ended } = runShell(`exec ${command}`, work, env);
      return {
        stop: () => {
          child.kill('SIGINT');
          return ended;
        },
      };
    },
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function writeProgram(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

/** stdout and stderr go into one pipe, in the order in which a terminal would show them. */
function runShell(command: string, cwd: string, env: NodeJS.ProcessEnv): { child: ChildProcess; ended: Promise<Ran> } {
  const child = spawn('sh', ['-c', `exec 2>&1\n${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<Ran>((resolveRan, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolveRan({ status, output }));
  });
  return { child, ended };
}
