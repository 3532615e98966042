import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { BootReport } from '../../src/lab/boot.ts';

const run = promisify(execFile);

/** What `npm run demo` runs, as a person would, from the command line. */
describe('the demo', () => {
  it.each(['bios', 'uefi'])('boots a machine with %s firmware from an empty disk to enrolled', async (firmware) => {
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
    expect(report.stages.map(({ stage }) => stage)).toEqual(['loader', 'script', 'kernel', 'os', 'configured', 'done']);
    expect(report.totalMs).toBeGreaterThan(0);
  });
});
