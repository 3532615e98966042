import { createHash } from 'node:crypto';
import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../adapters/node/package-file.ts';
import { cachedFolder } from './cache.ts';
import { type Report, run } from './command.ts';

const SECTOR = 512;
const MIB = 1024 * 1024;
/** Where partitioning tools begin, too: the gap before it holds GRUB for BIOS. */
const PARTITION_OFFSET = MIB;
const PARTITION_SIZE = 24 * MIB;
/** By UEFI the type of its system partition; firmware of both kinds boots from it. */
const EFI_SYSTEM = 0xef;

const BIOS_BOOT_SECTOR = '/usr/lib/grub/i386-pc/boot.img';
const GRUB_MODULES = ['part_msdos', 'fat', 'search', 'search_fs_file', 'linux', 'boot'];
const FAT_SERIAL = '51495741';

/**
 * Builds the image of a whole disk that starts a kernel and an initramfs by BIOS and by UEFI: one partition with a FAT
 * file system, GRUB before it and in it. Cached by what goes into it.
 * @returns the path of the finished image
 */
export async function buildDiskImage(
  system: { readonly kernel: string; readonly initramfs: string },
  cacheDir: string,
  report: Report,
): Promise<string> {
  const config = packageFile('src/lab/guest/disk-grub.cfg');
  const digest = createHash('sha256');
  for (const path of [config, system.kernel, system.initramfs, BIOS_BOOT_SECTOR]) digest.update(await readFile(path));
  const dir = await cachedFolder(cacheDir, `disk-${digest.digest('hex').slice(0, 16)}`, async (unfinished) => {
    report('building the disk that the installer writes');
    const partition = await buildPartition(unfinished, config, system);
    const core = await grubImage('i386-pc', ['biosdisk', ...GRUB_MODULES], config, join(unfinished, 'core.img'));
    const image = layOutDisk(await readFile(BIOS_BOOT_SECTOR), await readFile(core), await readFile(partition));
    await writeFile(join(unfinished, 'disk.img'), image);
    await Promise.all([core, partition].map((path) => rm(path)));
  });
  return join(dir, 'disk.img');
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

async function buildPartition(
  dir: string,
  config: string,
  system: { readonly kernel: string; readonly initramfs: string },
): Promise<string> {
  const path = join(dir, 'partition.img');
  const loader = await grubImage('x86_64-efi', GRUB_MODULES, config, join(dir, 'boot.efi'));
  const marker = join(dir, 'marker');
  await writeFile(marker, 'GRUB finds its partition by this file.\n');
  await (await open(path, 'w')).close();
  await truncate(path, PARTITION_SIZE);
  await run(['mkfs.vfat', '--invariant', '-i', FAT_SERIAL, path]);
  await run(['mmd', '-i', path, '::/EFI', '::/EFI/BOOT']);
  const files = [
    [loader, '::/EFI/BOOT/BOOTX64.EFI'],
    [system.kernel, '::/vmlinuz'],
    [system.initramfs, '::/initramfs.gz'],
    [marker, '::/slipway.disk'],
  ] as const;
  for (const [from, to] of files) await run(['mcopy', '-i', path, from, to]);
  await Promise.all([loader, marker].map((file) => rm(file)));
  return path;
}

async function grubImage(format: string, modules: readonly string[], config: string, path: string): Promise<string> {
  await run(['grub-mkimage', '-O', format, '-o', path, '-p', '/', '-c', config, ...modules]);
  return path;
}
