import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { BootReport } from '../../src/lab/boot.ts';

const run = promisify(execFile);

/** What `npm run demo` runs, as a person would, from the command line. */
describe('the demo', () => {
  it.each(['bios', 'uefi'])(
    'goes the whole way with %s firmware: head office, join, push, boot, an image from the mirror, a WAN cut and healed',
    async (firmware) => {
      const logs = resolve('test-results/lab', `demo-${firmware}`);
      const args = [
        'bin/slipway.js',
        'lab',
        'boot',
        '--firmware',
        firmware,
        '--logs',
        logs,
        '--json',
        '--timeout',
        '240',
      ];
      const { stdout } = await run(process.execPath, args, { timeout: 280_000 });
      const report = JSON.parse(stdout) as BootReport;
      expect(report.enrolled).toBe(true);
      expect(report.stages.map(({ stage }) => stage)).toEqual([
        'loader',
        'script',
        'kernel',
        'os',
        'configured',
        'done',
      ]);
      expect(report.pulled).toEqual(['registry.example.com/shop/till:1.4']);
      expect(report.totalMs).toBeGreaterThan(0);
      expect(report.headOffice.countedMs).toBeLessThan(30_000);
      expect(report.headOffice.caughtUpMs).toBeLessThan(120_000);
    },
  );

  it('leaves nothing running after Ctrl-C', async () => {
    const logs = resolve('test-results/lab', 'demo-interrupted');
    const child = spawn(process.execPath, ['bin/slipway.js', 'lab', 'boot', '--logs', logs], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) if (/is switched on/.test(line)) break;
    expect(await processesOf(logs)).not.toEqual([]);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await processesOf(logs)).toEqual([]);
  });
});

/** Command lines that name a folder: the site and the machine of a run have it in theirs. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(folder));
}
