import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageFile } from '../adapters/node/package-file.ts';
import { cachedFolder } from './cache.ts';
import { type Report, run } from './command.ts';
import { type CpioEntry, encodeCpio } from './cpio.ts';
import type { KernelImage } from './kernel-image.ts';
import { loadOrder, moduleName, parseModuleDependencies } from './module-order.ts';

/** What a virtual machine of the lab has: a network card, a disk and a source of randomness, all virtio. */
export const GUEST_MODULES = ['virtio_pci', 'virtio_net', 'virtio_rng', 'virtio_blk'];

/** Of this machine: Debian's busybox-static. */
const BUSYBOX = '/bin/busybox';

/**
 * Builds the system of the demo: busybox, the drivers and `guest/init.sh`, about 2 MB. The same inputs give the same
 * bytes, and so the same digest.
 * @returns the path of the finished file
 */
export async function buildDemoInitramfs(kernel: KernelImage, cacheDir: string, report: Report): Promise<string> {
  return buildArchive('demo', await systemEntries(kernel, 'init.sh'), cacheDir, report);
}

/**
 * Builds the lab's installer, which copies `diskImage` onto the disk of the machine.
 * @returns the path of the finished file
 */
export async function buildInstallerInitramfs(
  kernel: KernelImage,
  diskImage: string,
  cacheDir: string,
  report: Report,
): Promise<string> {
  const image = { kind: 'file', path: 'disk.img', bytes: await readFile(diskImage) } as const;
  return buildArchive('installer', [...(await systemEntries(kernel, 'installer.sh')), image], cacheDir, report);
}

async function buildArchive(
  name: string,
  entries: readonly CpioEntry[],
  cacheDir: string,
  report: Report,
): Promise<string> {
  const archive = encodeCpio(entries);
  const digest = createHash('sha256').update(archive).digest('hex');
  const dir = await cachedFolder(cacheDir, `${name}-${digest.slice(0, 16)}`, async (unfinished) => {
    report(`building the ${name} system`);
    await writeFile(join(unfinished, 'initramfs.gz'), gzipSync(archive, { level: 9 }));
  });
  return join(dir, 'initramfs.gz');
}

/** Paths below `lib/modules/<release>` of the modules named and all they need, in load order. */
export async function modulePaths(kernel: KernelImage, names: readonly string[]): Promise<string[]> {
  const text = await readFile(join(modulesDir(kernel), 'modules.dep'), 'utf8');
  return loadOrder(names, parseModuleDependencies(text));
}

export function modulesDir(kernel: KernelImage): string {
  return join(kernel.modulesRoot, 'lib', 'modules', kernel.release);
}

/** @param init the script in `guest/` that is the system's first program */
async function systemEntries(kernel: KernelImage, init: string): Promise<CpioEntry[]> {
  const modules = await Promise.all(
    (await modulePaths(kernel, GUEST_MODULES)).map(async (path) => ({
      path: `modules/${moduleName(path)}.ko`,
      bytes: await readModule(join(modulesDir(kernel), path)),
    })),
  );
  const order = modules.map((module) => `/${module.path}\n`).join('');
  return [
    { kind: 'directory', path: 'bin' },
    { kind: 'directory', path: 'modules' },
    { kind: 'file', path: 'bin/busybox', bytes: await readFile(kernel.busybox ?? BUSYBOX), executable: true },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    { kind: 'file', path: 'init', bytes: await guestFile(init), executable: true },
    { kind: 'file', path: 'lib.sh', bytes: await guestFile('lib.sh') },
    { kind: 'file', path: 'dhcp.sh', bytes: await guestFile('dhcp.sh'), executable: true },
    ...modules.map((module) => ({ kind: 'file' as const, ...module })),
    { kind: 'file', path: 'modules.order', bytes: Buffer.from(order) },
  ];
}

/** Debian 12 has plain modules, later ones compress them, which busybox cannot load. */
async function readModule(path: string): Promise<Uint8Array> {
  if (!path.endsWith('.xz')) return readFile(path);
  const base64 = await run(['sh', '-c', 'xz --decompress --stdout -- "$1" | base64 -w 0', 'sh', path]);
  return Buffer.from(base64, 'base64');
}

function guestFile(name: string): Promise<Uint8Array> {
  return readFile(packageFile(`src/lab/guest/${name}`));
}
