import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { packageFile } from '../adapters/node/package-file.ts';
import type { MacAddress } from '../kernel/mac.ts';
import { fetchArm64Image } from './arm64-image.ts';
import type { Report } from './command.ts';
import { buildDebianRoot, DEBIAN_ROOT_MEMORY_MB } from './debian-root.ts';
import { buildDiskImage, type DiskSystem } from './disk-image.ts';
import { buildDemoInitramfs, buildInstallerInitramfs } from './initramfs.ts';
import { fetchKernelImage, type KernelImage } from './kernel-image.ts';
import { fetchSignedLoaders } from './signed-loaders.ts';

/** A kernel and an initramfs for the virtual machine. */
export type GuestSystem = { readonly kernel: string; readonly initramfs: string; readonly memoryMb: number };

/** The demo's system: Debian's kernel and a busybox that behaves like a small cloud-init. Needs the network the first time. */
export async function prepareDemoSystem(cacheDir: string, report: Report): Promise<GuestSystem> {
  const kernel = await fetchKernelImage(cacheDir, report);
  return { kernel: kernel.vmlinuz, initramfs: await buildDemoInitramfs(kernel, cacheDir, report), memoryMb: 512 };
}

/** The demo's system for an arm64 machine. */
export async function prepareArm64System(cacheDir: string, report: Report): Promise<GuestSystem> {
  const kernel = await fetchArm64Image(cacheDir, new Date().toISOString().slice(0, 10), report);
  return { kernel: kernel.vmlinuz, initramfs: await buildDemoInitramfs(kernel, cacheDir, report), memoryMb: 512 };
}

export type Installer = GuestSystem & { readonly disk: string };

/**
 * The lab's installer: it puts the demo's system on the disk, from where it starts by BIOS and by UEFI, also with
 * Secure Boot.
 * @returns it and, as `disk`, the image that it writes
 */
export async function prepareInstaller(cacheDir: string, report: Report): Promise<Installer> {
  const kernel = await fetchKernelImage(cacheDir, report);
  const signed = await fetchSignedLoaders(cacheDir, report);
  return buildInstaller('amd64', { ...kernel, signed }, cacheDir, report);
}

/** The same for an arm64 machine, by UEFI. */
export async function prepareArm64Installer(cacheDir: string, report: Report): Promise<Installer> {
  const image = await fetchArm64Image(cacheDir, new Date().toISOString().slice(0, 10), report);
  return buildInstaller('arm64', image, cacheDir, report);
}

async function buildInstaller(
  arch: DiskSystem['arch'],
  image: KernelImage & Pick<DiskSystem, 'signed'>,
  cacheDir: string,
  report: Report,
): Promise<Installer> {
  const { vmlinuz: kernel, signed } = image;
  const onDisk = { arch, kernel, initramfs: await buildDemoInitramfs(image, cacheDir, report), signed };
  const disk = await buildDiskImage(onDisk, cacheDir, report);
  const initramfs = await buildInstallerInitramfs(image, disk, cacheDir, report);
  return { kernel, initramfs, memoryMb: 512, disk };
}

/** A Debian in RAM with the real cloud-init. Needs the network the first time, and a minute to build. */
export async function prepareDebianSystem(cacheDir: string, report: Report): Promise<GuestSystem> {
  const kernel = await fetchKernelImage(cacheDir, report);
  const initramfs = await buildDebianRoot(kernel, cacheDir, report);
  return { kernel: kernel.vmlinuz, initramfs, memoryMb: DEBIAN_ROOT_MEMORY_MB };
}

/** The site file of the demo: one network on the bridge, one slot for the machine. */
export async function demoSite(
  system: GuestSystem,
  machine: { readonly mac: MacAddress },
  template = packageFile('templates/sites/demo.yaml'),
): Promise<string> {
  const vars = await demoVars(system, machine);
  return [
    'site: demo',
    'interfaces: { nodes: br0 }',
    `template: ${JSON.stringify(template)}`,
    `vars: ${JSON.stringify(vars)}`,
    '',
  ].join('\n');
}

/** What the variables of the demo's template are for this system and machine. */
export async function demoVars(
  system: GuestSystem,
  machine: { readonly mac: MacAddress },
): Promise<Record<string, string>> {
  return {
    mac: machine.mac,
    kernel: `file://${system.kernel}`,
    kernelSha256: await sha256(system.kernel),
    initramfs: `file://${system.initramfs}`,
    initramfsSha256: await sha256(system.initramfs),
  };
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
