import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../disk.ts';
import type { Attempt, AttemptContext, Delivery } from './attempt.ts';
import { deliverFile, fileAttempt } from './file.ts';

/**
 * A file of a Debian package: as it is installed here (works without a WAN), else out of the package that apt downloads,
 * which needs no rights and installs nothing. `path` is as in the package, without the leading slash.
 */
export function debianAttempts(packageName: string, path: string): Attempt[] {
  return [
    fileAttempt(join('/', path), `installed file ${join('/', path)}`),
    { label: `Debian package ${packageName}`, deliver: (context) => deliverFromPackage(packageName, path, context) },
  ];
}

async function deliverFromPackage(packageName: string, path: string, context: AttemptContext): Promise<Delivery> {
  if (!/^[a-z0-9][a-z0-9.+-]*$/.test(packageName)) throw new Error('is no name of a package');
  await run('apt-get', ['-q', ...aptOptions(context), 'download', packageName], context);
  const archive = (await readdir(context.scratchDir)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new Error('apt-get brought no package');
  const unpacked = join(context.scratchDir, 'unpacked');
  await run('dpkg-deb', ['-x', join(context.scratchDir, archive), unpacked], context);
  return deliverFile(join(unpacked, path), context);
}

function aptOptions({ stallMs }: AttemptContext): string[] {
  const seconds = Math.ceil(stallMs / 1000);
  return [
    '-o',
    `Acquire::http::Timeout=${seconds}`,
    '-o',
    `Acquire::https::Timeout=${seconds}`,
    '-o',
    'Acquire::Retries=1',
  ];
}

/** Runs a tool in the scratch folder; a failure has the last line that it wrote. */
function run(tool: string, args: readonly string[], { scratchDir, signal }: AttemptContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      cwd: scratchDir,
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint = (complaint + chunk).slice(-2_000);
    });
    child.on('error', (cause) => {
      reject(new Error(errnoOf(cause) === 'ENOENT' ? `${tool} is not installed` : `${tool} was stopped`, { cause }));
    });
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${tool} failed: ${complaint.trim().split('\n').at(-1) || `status ${status}`}`));
    });
  });
}
