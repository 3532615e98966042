import type { MacAddress } from '../kernel/mac.ts';
import type { Argv } from './command.ts';
import type { Firmware } from './firmware.ts';
import { PCI_SLOTS } from './firmware-settings.ts';

/** What the machine says of itself in SMBIOS, table 1. */
export type MachineIdentity = {
  readonly mac: MacAddress;
  readonly uuid: string;
  /** Must not begin with `ds=`: cloud-init would take it for a data source. */
  readonly serial: string;
  readonly manufacturer: string;
  readonly product: string;
};

export type MachineFiles = {
  readonly disk: string;
  readonly vars: string;
  readonly console: string;
};

/**
 * The command line of a machine: network first, then an empty disk; its serial console on standard output and in a
 * file. Always by software emulation, because a nested /dev/kvm hangs firmware, and on QEMU's plainest processor: with
 * `-cpu max` programs choose vector instructions, whose emulation makes a boot half as slow again.
 */
export function qemuArgv(
  firmware: Firmware,
  identity: MachineIdentity,
  machine: { readonly memoryMb: number; readonly cpus: number; readonly tap: string; readonly files: MachineFiles },
): Argv {
  const { files } = machine;
  const rom = firmware.nicRom === 'none' ? ',romfile=' : '';
  const turn = (index: number) => (firmware.bootOrder === 'qemu' ? `,bootindex=${index}` : '');
  return [
    firmware.program,
    ...['-name', `slipway-${identity.serial || identity.mac}`.replaceAll(',', ',,')],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-machine', firmware.machine, '-accel', 'tcg', '-m', `${machine.memoryMb}M`, '-smp', `${machine.cpus}`],
    ...['-uuid', identity.uuid, '-smbios', smbios(identity)],
    ...flash(firmware, files.vars),
    ...[
      '-chardev',
      `stdio,id=console,signal=off,logfile=${escaped(files.console)},logappend=on`,
      '-serial',
      'chardev:console',
    ],
    ...['-netdev', `tap,id=net0,ifname=${machine.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net0,mac=${identity.mac},addr=${PCI_SLOTS.network}${turn(1)}${rom}`],
    ...['-drive', `if=none,id=disk0,format=raw,file=${escaped(files.disk)}`],
    ...['-device', `virtio-blk-pci,drive=disk0,addr=${PCI_SLOTS.disk}${turn(2)}`],
    // OVMF does not start its network stack without a source of randomness.
    ...['-device', 'virtio-rng-pci'],
    ...firmware.args,
  ];
}

function smbios(identity: MachineIdentity): string {
  const { manufacturer, product, serial, uuid } = identity;
  const fields = Object.entries({ manufacturer, product, serial, uuid });
  return ['type=1', ...fields.map(([key, value]) => `${key}=${escaped(value)}`)].join(',');
}

function flash(firmware: Firmware, vars: string): string[] {
  if (!firmware.code) return [];
  return [
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${firmware.code}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${escaped(vars)}`],
  ];
}

/** QEMU ends a value at a comma unless it is doubled. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
