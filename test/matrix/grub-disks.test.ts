import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as command } from '../../src/lab/command.ts';
import type { Installer } from '../../src/lab/demo-site.ts';
import { installsByGrub, LONG_MS, startGrubSite } from '../lab/support/grub-install.ts';
import { EMPTY_DISK, LabRun } from '../lab/support/lab-machine.ts';

const MEMORY_MB = 512;

describe.each(['arm64', 'arm64-secure'] as const)('an install by GRUB with %s firmware', (firmware) => {
  const run = new LabRun(`matrix-grub-disks-${firmware}`);
  beforeAll(() => startGrubSite(run, firmware));
  afterAll(() => run.end());

  it('begins with an empty disk, of which the screen says so before the firmware has its turn', async () => {
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await machine.console.waitFor(/local disk: this site is not armed yet/, LONG_MS);
    await machine.console.waitFor(/There is no system on the disks of this machine/, LONG_MS);
    expect(await machine.console.waitFor(EMPTY_DISK[firmware], LONG_MS)).toContain('UiApp');
    await machine.stop();
  });

  it('ends on the disk, from which the system starts by its own shim', async () => {
    await run.slipway('arm');
    const machine = await run.switchOn(firmware, MEMORY_MB);
    await installsByGrub(run, machine, firmware);
  });
});

describe('a PC whose disk has a system that nobody signed', () => {
  const run = new LabRun('matrix-grub-disks-unsigned');
  afterAll(() => run.end());

  it('is told that Secure Boot refuses it, and given back to its firmware', async () => {
    const { disk } = await startGrubSite(run, 'uefi-secure');
    await run.insertDisk(disk, 2);
    await command(['mdeltree', '-i', `${run.workDir}/machine-2/disk.raw@@1M`, '::/EFI/debian']);
    const machine = await run.switchOn('uefi-secure', MEMORY_MB);
    await machine.console.waitFor(/Starting \(hd0,msdos1\)\/EFI\/BOOT\/BOOTX64\.EFI/, LONG_MS);
    await machine.console.waitFor(/error: bad shim signature/, LONG_MS);
    await machine.console.waitFor(/The system on the disk did not start/, LONG_MS);
    expect(await machine.console.waitFor(EMPTY_DISK['uefi-secure'], LONG_MS)).toContain('UiApp');
    await machine.stop();
  });
});

describe('a PC that is given a kernel that nobody signed', () => {
  const run = new LabRun('matrix-grub-disks-kernel');
  afterAll(() => run.end());

  /** The middle of it is not what was signed. */
  function changed(system: Installer): Installer {
    const bytes = readFileSync(system.kernel);
    bytes.fill(0, bytes.length / 2, bytes.length / 2 + 16);
    const kernel = join(run.workDir, 'vmlinuz');
    writeFileSync(kernel, bytes);
    return { ...system, kernel };
  }

  it('refuses it, says so, and asks the site again', async () => {
    await startGrubSite(run, 'uefi-secure', changed);
    await run.slipway('arm');
    const machine = await run.switchOn('uefi-secure', MEMORY_MB);
    await machine.console.waitFor(/pos INSTALLS on the disk vda/, LONG_MS);
    await machine.console.waitFor(/error: bad shim signature/, LONG_MS);
    await machine.console.waitFor(/The kernel could not be loaded, as the line above says/, LONG_MS);
    await machine.console.waitFor(/What failed before: GRUB could not do it, at kernel; its screen said why/, LONG_MS);
    await machine.stop();
    expect(await run.diskWrites()).toBe(0);
    expect(await run.written('order-attempt', 'till-1')).toHaveLength(0);
  });
});
