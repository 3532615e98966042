import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const top = resolve(import.meta.dirname, '../..');
let dir: string;

/** A package whose main tells how it was called, and a stand-in for an old Node: this one, claiming to be version 20. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-launcher-'));
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'src'));
  cpSync(join(top, 'bin/slipway.js'), join(dir, 'bin/slipway.js'));
  symlinkSync(join(top, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(dir, 'src/main.ts'),
    `export async function main(argv: readonly string[]): Promise<void> {
      const word: string = argv[2] ?? '';
      if (word === 'exit') process.exit(Number(argv[3]));
      process.on('SIGTERM', () => { console.log('term'); process.exit(5); });
      console.log('ready ' + process.versions.node.split('.')[0]);
      setInterval(() => {}, 1000);
    }`,
  );
  writeFileSync(
    join(dir, 'old.mjs'),
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });",
  );
  chmodSync(join(dir, 'bin/slipway.js'), 0o755);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the launcher', () => {
  it.each(['new', 'old'] as const)('passes the exit status on, started by a %s Node', async (age) => {
    const { child, ended } = launch(age, ['exit', '7']);
    expect(child.pid).toBeGreaterThan(0);
    expect(await ended).toEqual({ code: 7, signal: null });
  });

  it('passes SIGTERM on to the program, and the status of its own ending back', async () => {
    const { child, ended, line } = launch('old', ['wait']);
    expect(await line).toBe('ready 24');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 5, signal: null });
  });

  it('ends by the signal that ended the program', async () => {
    const { child, ended, line } = launch('old', ['wait']);
    await line;
    child.kill('SIGHUP');
    expect(await ended).toEqual({ code: null, signal: 'SIGHUP' });
  });
});

function launch(age: 'new' | 'old', args: readonly string[]) {
  const before = age === 'old' ? ['--import', join(dir, 'old.mjs')] : [];
  const child = spawn(process.execPath, [...before, join(dir, 'bin/slipway.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolveEnd) => child.on('exit', (code, signal) => resolveEnd({ code, signal })));
  const line = new Promise<string>((resolveLine) =>
    child.stdout.once('data', (chunk) => resolveLine(String(chunk).trim())),
  );
  return { child, ended, line };
}
