import { AppError } from '../kernel/errors.ts';
import type { MacAddress } from '../kernel/mac.ts';

/** Where the lab plugs its devices into the PCI bus; firmware names them by this. */
export const PCI_SLOTS = { network: 2, disk: 3 } as const;

/** gEfiGlobalVariableGuid, and that by which EDK2 knows the boot entries that it makes itself, as they lie in memory. */
const GLOBAL_VARIABLE = bytesOf('61dfe48bca93d211aa0d00e098032b8c');
const MADE_BY_FIRMWARE = bytesOf('4eac0881119f594d850ee21a522c59b2');
/** Non-volatile, for boot services, for the running system. */
const KEPT = 7;
const VALID = 0x3f;
const START_ID = 0x55aa;
const VOLUME_HEADER_LENGTH_AT = 48;
const STORE_HEADER_LENGTH = 28;
const VARIABLE_HEADER_LENGTH = 60;

/** By which of its two ways UEFI firmware asks the network, both by IPv4. */
export type NetworkBoot = 'pxe' | 'http';

/**
 * The flash with the settings of a UEFI machine as its owner left it: the network first, by one way, then the disk.
 * Left to itself, EDK2 asks the network by its other ways too before it comes to the disk, and waits for a minute at
 * each that nobody answers.
 * @param blank the settings of a machine that was never on, as OVMF brings them along
 * @throws AppError `lab-failed` if there are settings in it already
 */
export function withBootOrder(blank: Uint8Array, mac: MacAddress, by: NetworkBoot): Uint8Array {
  const settings = blank.slice();
  const view = new DataView(settings.buffer);
  let at = view.getUint16(VOLUME_HEADER_LENGTH_AT, true) + STORE_HEADER_LENGTH;
  if (view.getUint16(at, true) !== 0xffff) throw new AppError('lab-failed', 'the firmware has settings already');
  // As EDK2 writes them itself, to the letter: it makes anew what differs, and puts that at the end.
  const variables = [
    variable('Boot0000', bootEntry(`UEFI ${by.toUpperCase()}v4 (MAC:${plainHex(mac)})`, networkPath(mac, by))),
    variable('Boot0001', bootEntry('UEFI Misc Device', pciPath(PCI_SLOTS.disk))),
    variable('BootOrder', bytesOf('00000100')),
  ];
  for (const bytes of variables) {
    settings.set(bytes, at);
    at += Math.ceil(bytes.length / 4) * 4;
  }
  return settings;
}

/** AUTHENTICATED_VARIABLE_HEADER of EDK2, the name and the value; without a time and a key. */
function variable(name: string, value: Uint8Array): Uint8Array {
  const encodedName = utf16(name);
  const header = new Uint8Array(VARIABLE_HEADER_LENGTH);
  const view = new DataView(header.buffer);
  view.setUint16(0, START_ID, true);
  view.setUint8(2, VALID);
  view.setUint32(4, KEPT, true);
  view.setUint32(36, encodedName.length, true);
  view.setUint32(40, value.length, true);
  header.set(GLOBAL_VARIABLE, 44);
  return joined(header, encodedName, value);
}

/** EFI_LOAD_OPTION, UEFI 3.1.3: active, the length of the path, the title, the path, and whose entry it is. */
function bootEntry(title: string, path: Uint8Array): Uint8Array {
  const head = bytesOf('010000000000');
  new DataView(head.buffer).setUint16(4, path.length, true);
  return joined(head, utf16(title), path, MADE_BY_FIRMWARE);
}

/** PciRoot(0x0)/Pci(slot,0x0) and what comes behind it; UEFI 10.3: type, subtype, length, value. */
function pciPath(slot: number, ...behind: readonly Uint8Array[]): Uint8Array {
  const end = bytesOf('7fff0400');
  return joined(bytesOf('02010c00d041030a00000000'), bytesOf('0101060000'), Uint8Array.of(slot), ...behind, end);
}

/** …/MAC(…,0x1)/IPv4(0.0.0.0,…): with no address of its own; behind it Uri() for HTTP boot, as DHCP names it. */
function networkPath(mac: MacAddress, by: NetworkBoot): Uint8Array {
  const card = joined(bytesOf('030b2500'), bytesOf(plainHex(mac)), new Uint8Array(26), Uint8Array.of(1));
  const address = joined(bytesOf('030c1b00'), new Uint8Array(23));
  return pciPath(PCI_SLOTS.network, card, address, ...(by === 'http' ? [bytesOf('03180400')] : []));
}

/** UCS-2 with the zero at its end. */
function utf16(text: string): Uint8Array {
  return Uint8Array.from([...text, '\0'].flatMap((letter) => [letter.charCodeAt(0), 0]));
}

function plainHex(mac: MacAddress): string {
  return mac.replaceAll(':', '').toUpperCase();
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
