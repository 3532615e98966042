import type { NetworkBoot } from './firmware-settings.ts';

/** What a virtual machine starts with. One row per firmware; paths are those of the Debian packages named. */
export type Firmware = {
  readonly title: string;
  readonly packages: readonly string[];
  /** The QEMU program of its architecture. */
  readonly program: string;
  /** The argument of `-machine`. */
  readonly machine: string;
  /** Read-only flash with the firmware itself; absent where QEMU brings the firmware along. */
  readonly code?: string;
  /** The flash with the firmware's settings, of which each machine gets a copy. */
  readonly vars?: string;
  /**
   * Who says that the network goes before the disk: the settings of the firmware, as the owner of a machine leaves them,
   * by PXE or by HTTP; or QEMU, whose word goes before all settings, where there are settings already (keys of Secure Boot).
   */
  readonly bootOrder: NetworkBoot | 'qemu';
  /**
   * `default` leaves iPXE in the boot ROM of the network card; `none` takes it out, so that the firmware uses a driver
   * and a PXE client of its own. No path: QEMU fits a ROM's device number to the card only if it chose the ROM itself,
   * and SeaBIOS ignores one that does not fit.
   */
  readonly nicRom: 'default' | 'none';
  /** What else QEMU needs for it. */
  readonly args: readonly string[];
  /** How Linux names the serial console. */
  readonly serialConsole: string;
};

const ovmf = {
  packages: ['qemu-system-x86', 'ovmf'],
  program: 'qemu-system-x86_64',
  machine: 'q35',
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  vars: '/usr/share/OVMF/OVMF_VARS_4M.fd',
  nicRom: 'none',
  args: [],
  serialConsole: 'ttyS0',
} as const;

export const FIRMWARES = {
  bios: {
    title: 'SeaBIOS with the iPXE ROM',
    packages: ['qemu-system-x86', 'ipxe-qemu'],
    program: 'qemu-system-x86_64',
    // Without graphics SeaBIOS, and all that prints through it, writes to the serial console.
    machine: 'pc,graphics=off',
    bootOrder: 'qemu',
    nicRom: 'default',
    args: [],
    serialConsole: 'ttyS0',
  },
  uefi: { ...ovmf, title: 'UEFI (OVMF) with its own PXE client', bootOrder: 'pxe' },
  'uefi-http': { ...ovmf, title: 'UEFI (OVMF) by HTTP boot', bootOrder: 'http' },
  'uefi-secure': {
    title: 'UEFI (OVMF) that enforces Secure Boot by the keys of Microsoft',
    packages: ['qemu-system-x86', 'ovmf'],
    program: 'qemu-system-x86_64',
    // The variables of Secure Boot may be written in system management mode alone.
    machine: 'q35,smm=on',
    code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
    vars: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
    bootOrder: 'qemu',
    nicRom: 'none',
    args: ['-global', 'driver=cfi.pflash01,property=secure,value=on'],
    serialConsole: 'ttyS0',
  },
  arm64: {
    title: 'UEFI (AAVMF) of an arm64 machine',
    packages: ['qemu-system-arm', 'qemu-efi-aarch64'],
    program: 'qemu-system-aarch64',
    machine: 'virt',
    code: '/usr/share/AAVMF/AAVMF_CODE.fd',
    vars: '/usr/share/AAVMF/AAVMF_VARS.fd',
    bootOrder: 'qemu',
    nicRom: 'none',
    // QEMU's plainest processor for this machine has 32 bits.
    args: ['-cpu', 'cortex-a72'],
    serialConsole: 'ttyAMA0',
  },
  'arm64-secure': {
    title: 'UEFI (AAVMF) of an arm64 machine that enforces Secure Boot by the keys of Microsoft',
    packages: ['qemu-system-arm', 'qemu-efi-aarch64'],
    program: 'qemu-system-aarch64',
    machine: 'virt',
    code: '/usr/share/AAVMF/AAVMF_CODE.ms.fd',
    vars: '/usr/share/AAVMF/AAVMF_VARS.ms.fd',
    bootOrder: 'qemu',
    nicRom: 'none',
    args: ['-cpu', 'cortex-a72'],
    serialConsole: 'ttyAMA0',
  },
} as const satisfies Record<string, Firmware>;

export type FirmwareName = keyof typeof FIRMWARES;

/** Those that run the demo: it has a kernel for PCs, and keeps to iPXE. */
export const DEMO_FIRMWARES = ['bios', 'uefi'] as const satisfies readonly FirmwareName[];
