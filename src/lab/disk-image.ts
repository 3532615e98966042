import { createHash } from 'node:crypto';
import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../adapters/node/package-file.ts';
import { cachedFolder } from './cache.ts';
import { type Report, run } from './command.ts';
import type { SignedLoaders } from './signed-loaders.ts';

const SECTOR = 512;
const MIB = 1024 * 1024;
/** Where partitioning tools begin, too: the gap before it holds GRUB for BIOS. */
const PARTITION_OFFSET = MIB;
/** By UEFI the type of its system partition; firmware of both kinds boots from it. */
const EFI_SYSTEM = 0xef;

const BIOS_BOOT_SECTOR = '/usr/lib/grub/i386-pc/boot.img';
const GRUB_MODULES = ['part_msdos', 'fat', 'search', 'search_fs_file', 'linux', 'boot'];
const FAT_SERIAL = '51495741';

/** What differs from one architecture to the other; `unsigned`: loaders that only a PC's firmware starts are built, too. */
const SHAPES = {
  amd64: { partitionSize: 24 * MIB, console: 'ttyS0', suffix: 'x64', unsigned: true },
  // Its kernel is not compressed.
  arm64: { partitionSize: 48 * MIB, console: 'ttyAMA0', suffix: 'aa64', unsigned: false },
} as const;

/** What a disk starts, and by which loaders where the firmware asks for signatures. */
export type DiskSystem = {
  readonly arch: keyof typeof SHAPES;
  readonly kernel: string;
  readonly initramfs: string;
  readonly signed: SignedLoaders;
};

/**
 * Builds the image of a whole disk that starts a kernel and an initramfs by BIOS and by UEFI: one partition with a FAT
 * file system, GRUB before it and in it. For firmware that finds its loader by itself there is one that nobody signed;
 * the signed ones lie where Debian installs them. Cached by what goes into it.
 * @returns the path of the finished image
 */
export async function buildDiskImage(system: DiskSystem, cacheDir: string, report: Report): Promise<string> {
  const { console, unsigned } = SHAPES[system.arch];
  const template = await readFile(packageFile('src/lab/guest/disk-grub.cfg'), 'utf8');
  const config = template.replace('ttyS0', console);
  const { kernel, initramfs, signed } = system;
  const digest = createHash('sha256').update(config);
  const parts = [kernel, initramfs, signed.shim, signed.grub, ...(unsigned ? [BIOS_BOOT_SECTOR] : [])];
  for (const path of parts) digest.update(await readFile(path));
  const dir = await cachedFolder(cacheDir, `disk-${digest.digest('hex').slice(0, 16)}`, async (unfinished) => {
    report('building the disk that the installer writes');
    const place = { dir: unfinished, config: join(unfinished, 'grub.cfg') };
    await writeFile(place.config, config);
    const partition = await buildPartition(place, system);
    const bios = unsigned ? await biosLoader(place) : { bootSector: new Uint8Array(SECTOR), core: new Uint8Array() };
    await writeFile(join(unfinished, 'disk.img'), layOutDisk(bios.bootSector, bios.core, await readFile(partition)));
    await Promise.all([partition, place.config].map((path) => rm(path)));
  });
  return join(dir, 'disk.img');
}

async function biosLoader({ dir, config }: Place): Promise<{ bootSector: Uint8Array; core: Uint8Array }> {
  const path = await grubImage('i386-pc', ['biosdisk', ...GRUB_MODULES], config, join(dir, 'core.img'));
  const core = await readFile(path);
  await rm(path);
  return { bootSector: await readFile(BIOS_BOOT_SECTOR), core };
}

/**
 * A disk as bytes: the master boot record with GRUB's first sector and a table of one partition, GRUB's core behind it,
 * and the partition. The first sector looks for the core in sector 1, where it is put here, unless it is told otherwise.
 */
export function layOutDisk(bootSector: Uint8Array, core: Uint8Array, partition: Uint8Array): Uint8Array {
  if (SECTOR + core.length > PARTITION_OFFSET) throw new Error('the boot loader does not fit before the partition');
  const disk = new Uint8Array(PARTITION_OFFSET + partition.length);
  disk.set(bootSector.subarray(0, 440));
  disk.set(partitionEntry(partition.length), 446);
  disk.set([0x55, 0xaa], 510);
  disk.set(core, SECTOR);
  disk.set(partition, PARTITION_OFFSET);
  return disk;
}

/** Active, with addresses that are too large for cylinders and heads, as all are today. */
function partitionEntry(sizeBytes: number): Uint8Array {
  const entry = new Uint8Array([0x80, 0xfe, 0xff, 0xff, EFI_SYSTEM, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  const view = new DataView(entry.buffer);
  view.setUint32(8, PARTITION_OFFSET / SECTOR, true);
  view.setUint32(12, sizeBytes / SECTOR, true);
  return entry;
}

/** Where it is built, and the configuration of GRUB there. */
type Place = { readonly dir: string; readonly config: string };

async function buildPartition(place: Place, { arch, kernel, initramfs, signed }: DiskSystem): Promise<string> {
  const { partitionSize, suffix, unsigned } = SHAPES[arch];
  const path = join(place.dir, 'partition.img');
  const marker = join(place.dir, 'marker');
  await writeFile(marker, 'GRUB finds its partition by this file.\n');
  await (await open(path, 'w')).close();
  await truncate(path, partitionSize);
  await run(['mkfs.vfat', '--invariant', '-i', FAT_SERIAL, path]);
  await run(['mmd', '-i', path, '::/EFI', '::/EFI/BOOT', '::/EFI/debian']);
  const loader = unsigned && (await grubImage('x86_64-efi', GRUB_MODULES, place.config, join(place.dir, 'boot.efi')));
  const files = [
    ...(loader ? [[loader, '::/EFI/BOOT/BOOTX64.EFI'] as const] : []),
    [signed.shim, `::/EFI/debian/shim${suffix}.efi`],
    [signed.grub, `::/EFI/debian/grub${suffix}.efi`],
    [place.config, '::/EFI/debian/grub.cfg'],
    [kernel, '::/vmlinuz'],
    [initramfs, '::/initramfs.gz'],
    [marker, '::/slipway.disk'],
  ] as const;
  for (const [from, to] of files) await run(['mcopy', '-i', path, from, to]);
  await Promise.all([...(loader ? [loader] : []), marker].map((file) => rm(file)));
  return path;
}

async function grubImage(format: string, modules: readonly string[], config: string, path: string): Promise<string> {
  await run(['grub-mkimage', '-O', format, '-o', path, '-p', '/', '-c', config, ...modules]);
  return path;
}
