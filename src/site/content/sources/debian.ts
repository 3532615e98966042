import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { BlobDelivery, BlobSource } from '../../../model/content.ts';
import type { AssetSource } from '../../../model/revision.ts';
import { errnoOf } from '../disk.ts';
import { deliverFile, fileSource } from './file.ts';
import type { SourceRequest } from './request.ts';

type DebianSource = Extract<AssetSource, { kind: 'debian' }>;

/** Where Debian is if this machine does not say where it has its own from. */
const ARCHIVE = 'http://deb.debian.org/debian/';
const APT_HELPER = '/usr/lib/apt/apt-helper';

/** `scratchDir` is a folder of this one delivery. */
type AttemptContext = SourceRequest & { readonly scratchDir: string };

/**
 * A file of a Debian package: as it is installed here (works without a WAN), else out of the package as apt downloads it,
 * which needs no rights and installs nothing. `path` is as in the package, without the leading slash. With a `pool` it is
 * that version, also of an architecture of which this machine has no index.
 */
export function debianSources({ package: name, path, pool }: DebianSource, scratch: string): BlobSource[] {
  const installed = fileSource(join('/', path), `installed file ${join('/', path)}`);
  const label = `Debian package ${pool === undefined ? name : posix.basename(pool)}`;
  const fetch = (context: AttemptContext): Promise<BlobDelivery> =>
    pool === undefined ? deliverFromPackage(name, path, context) : deliverFromPool(pool, path, context);
  return [
    installed,
    { label, deliver: (request: SourceRequest) => inScratch(scratch, (dir) => fetch({ ...request, scratchDir: dir })) },
  ];
}

/** The folder goes when the file that was found in it is open: what is open can be read to its end. */
async function inScratch(scratch: string, work: (scratchDir: string) => Promise<BlobDelivery>): Promise<BlobDelivery> {
  const scratchDir = await mkdtemp(join(scratch, 'package-'));
  try {
    return await work(scratchDir);
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function deliverFromPackage(packageName: string, path: string, context: AttemptContext): Promise<BlobDelivery> {
  if (!/^[a-z0-9][a-z0-9.+-]*$/.test(packageName)) throw new Error('is no name of a package');
  await run('apt-get', ['-q', ...aptOptions(context), 'download', packageName], context);
  const archive = (await readdir(context.scratchDir)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new Error('apt-get brought no package');
  return unpack(archive, path, context);
}

/** By apt's own means, so that what this machine says of mirrors and proxies counts. */
async function deliverFromPool(pool: string, path: string, context: AttemptContext): Promise<BlobDelivery> {
  const archive = 'package.deb';
  const url = `${await mirror(context)}pool/${pool}`;
  await run(APT_HELPER, [...aptOptions(context), 'download-file', url, archive], context);
  return unpack(archive, path, context);
}

async function unpack(archive: string, path: string, context: AttemptContext): Promise<BlobDelivery> {
  const unpacked = join(context.scratchDir, 'unpacked');
  await run('dpkg-deb', ['-x', join(context.scratchDir, archive), unpacked], context);
  // What is packed cannot be read from its middle; of a file that is unpacked it costs nothing to begin at its beginning.
  return deliverFile(join(unpacked, path), { fromByte: 0, signal: context.signal });
}

/** Where this machine has its Debian from; known once its index was read. */
async function mirror(context: AttemptContext): Promise<string> {
  const wanted = ['Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
  const sites = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...wanted], context);
  const [first] = sites.split('\n');
  return first ? first.replace(/\/*$/, '/') : ARCHIVE;
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

/** Runs a tool in the scratch folder and gives what it said; a failure has the last line that it wrote. */
function run(tool: string, args: readonly string[], { scratchDir, signal }: AttemptContext): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      cwd: scratchDir,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint = (complaint + chunk).slice(-2_000);
    });
    child.on('error', (cause) => {
      reject(new Error(errnoOf(cause) === 'ENOENT' ? `${tool} is not installed` : `${tool} was stopped`, { cause }));
    });
    child.on('close', (status) => {
      if (status === 0) resolve(said);
      else reject(new Error(`${tool} failed: ${complaint.trim().split('\n').at(-1) || `status ${status}`}`));
    });
  });
}
