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

export const FIRMWARES = {
  bios: {
    title: 'SeaBIOS with the iPXE ROM',
    packages: ['qemu-system-x86', 'ipxe-qemu'],
    program: 'qemu-system-x86_64',
    // Without graphics SeaBIOS, and all that prints through it, writes to the serial console.
    machine: 'pc,graphics=off',
    nicRom: 'default',
    args: [],
    serialConsole: 'ttyS0',
  },
  uefi: {
    title: 'UEFI (OVMF) with its own PXE client',
    packages: ['qemu-system-x86', 'ovmf'],
    program: 'qemu-system-x86_64',
    machine: 'q35',
    code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
    vars: '/usr/share/OVMF/OVMF_VARS_4M.fd',
    nicRom: 'none',
    args: [],
    serialConsole: 'ttyS0',
  },
} as const satisfies Record<string, Firmware>;

export type FirmwareName = keyof typeof FIRMWARES;

export const FIRMWARE_NAMES = Object.keys(FIRMWARES) as readonly FirmwareName[];
