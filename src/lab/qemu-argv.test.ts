import { describe, expect, test } from 'vitest';
import { parseMac } from '../kernel/mac.ts';
import { FIRMWARES, type Firmware } from './firmware.ts';
import { qemuArgv } from './qemu-argv.ts';

const mac = parseMac('52:54:00:12:34:56');
if (!mac) throw new Error('not a MAC address');

const identity = {
  mac,
  uuid: '11111111-2222-3333-4444-555555555555',
  serial: 'CZC123',
  manufacturer: 'Acme, Inc.',
  product: 'Box 1',
};
const files = {
  disk: '/run/a,b/disk.raw',
  vars: '/run/vars.fd',
  console: '/run/console.log',
};

function commandLine(firmware: Firmware): string {
  return qemuArgv(firmware, identity, { memoryMb: 512, cpus: 2, tap: 'tap0', files }).join(' ');
}

describe('the command line of a machine', () => {
  test('BIOS keeps the boot ROM of the card and needs no flash', () => {
    expect(commandLine(FIRMWARES.bios)).toContain('mac=52:54:00:12:34:56,addr=2,bootindex=1 ');
    expect(commandLine(FIRMWARES.bios)).not.toContain('pflash');
  });

  test('UEFI has read-only code, settings of its own and no ROM on the card', () => {
    const line = commandLine(FIRMWARES.uefi);
    expect(line).toContain('readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd');
    expect(line).toContain('if=pflash,unit=1,format=raw,file=/run/vars.fd');
    expect(line).toContain('addr=2,romfile= ');
    expect(line).not.toContain('bootindex');
  });

  test('Secure Boot has its keys in the settings, which only system management mode may write', () => {
    const line = commandLine(FIRMWARES['uefi-secure']);
    expect(line).toContain('-machine q35,smm=on ');
    expect(line).toContain('-global driver=cfi.pflash01,property=secure,value=on');
    expect(line).toContain('readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd');
    expect(line).toContain('addr=2,bootindex=1,romfile= ');
  });

  test('arm64 is another program with a processor of 64 bits', () => {
    expect(commandLine(FIRMWARES.arm64)).toMatch(/^qemu-system-aarch64 .*-machine virt .*-cpu cortex-a72$/);
  });

  test('a comma does not end a value', () => {
    expect(commandLine(FIRMWARES.bios)).toContain('manufacturer=Acme,, Inc.,product=Box 1,serial=CZC123,uuid=1111');
    expect(commandLine(FIRMWARES.bios)).toContain('file=/run/a,,b/disk.raw');
  });

  test('every firmware runs by software emulation and has randomness', () => {
    for (const firmware of Object.values(FIRMWARES)) {
      expect(commandLine(firmware)).toMatch(/-accel tcg.*-device virtio-rng-pci/);
    }
  });
});
