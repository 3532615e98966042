import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { labCacheDir } from '../../../src/lab/cache.ts';
import { demoSite, type Installer, prepareArm64Installer, prepareInstaller } from '../../../src/lab/demo-site.ts';
import { FIRMWARES } from '../../../src/lab/firmware.ts';
import type { Machine } from '../../../src/lab/qemu.ts';
import { type LabRun, TEST_MAC } from './lab-machine.ts';

export type GrubFirmware = 'uefi-secure' | 'arm64' | 'arm64-secure';

/** On a busy computer an emulated machine takes minutes from one step to the next. */
export const LONG_MS = 240_000;

/** A site with an installer for this firmware; GRUB comes by shim where it enforces Secure Boot. */
export async function startGrubSite(
  run: LabRun,
  firmware: GrubFirmware,
  change: (system: Installer) => Installer = (system) => system,
): Promise<Installer> {
  const isArm64 = firmware !== 'uefi-secure';
  const system = change(await (isArm64 ? prepareArm64Installer : prepareInstaller)(labCacheDir(), () => undefined));
  const text = readFileSync(join(import.meta.dirname, 'grub.yaml'), 'utf8')
    .replaceAll('amd64', isArm64 ? 'arm64' : 'amd64')
    .replaceAll('ttyS0', FIRMWARES[firmware].serialConsole)
    .replace('loader: shim', firmware === 'arm64' ? 'loader: grub' : 'loader: shim');
  const template = join(run.workDir, 'template.yaml');
  writeFileSync(template, text);
  await run.startSite(await demoSite(system, { mac: TEST_MAC }, template));
  return system;
}

/** From the warning before the install to the system on the disk, started by its own shim. */
export async function installsByGrub(run: LabRun, machine: Machine, firmware: GrubFirmware): Promise<void> {
  const says = (pattern: RegExp) => machine.console.waitFor(pattern, LONG_MS);
  // Where the line goes on in the next one depends on how wide the firmware's screen is.
  await says(/pos INSTALLS on the disk vda of this machine/);
  await says(/SLIPWAY-GUEST: installed till-1/);
  // The machine starts again, and GRUB finds what the installer has left.
  await says(/local disk: it is installed/);
  await says(/Starting \(hd0,msdos1\)\/EFI\/debian\/shim(x64|aa64)\.efi/);
  const line = await says(/SLIPWAY-GUEST: booted from disk/);
  expect(line.endsWith(', with Secure Boot')).toBe(firmware.endsWith('-secure'));
  await machine.exited;
  expect(run.installsServed()).toBe(1);
  expect(await run.diskWrites()).toBe(1);
  expect(await run.written('order-attempt', 'till-1')).toHaveLength(1);
  expect(await run.written('order-confirmed', 'till-1')).toHaveLength(1);
}
