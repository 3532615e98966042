import type { Ipv4 } from '../kernel/ipv4.ts';

/**
 * The forms of an answer that makes a client boot. Firmware is picky: what one kind takes, another ignores.
 *
 * - `file`: siaddr, file, 66 and 67 name the loader; nothing of PXE.
 * - `no-menu`: the same with PXEClient (60) and 43.6 = 8: take this file, show no menu, look for no boot server.
 * - `ask-boot-server`: the same with PXEClient and without 43: EDK2 then asks port 4011.
 * - `url`: HTTPClient (60) and the URL of the loader in file and 67.
 * - `plain-file`: siaddr and file alone, for clients that read nothing else.
 * - `pi`: the words that a Raspberry Pi waits for, and the TFTP server in 66; it knows its file names itself.
 * - `script`: the address of the script of iPXE.
 * - `none`: nothing to boot from.
 */
export const OFFER_SHAPES = [
  'file',
  'no-menu',
  'ask-boot-server',
  'url',
  'plain-file',
  'pi',
  'script',
  'none',
] as const;
export type OfferShape = (typeof OFFER_SHAPES)[number];

/** One way to make a client boot: the form of the answer, and the loader of the manifest that it names. */
export type BootWay = { readonly shape: OfferShape; readonly loader?: string };

/** Whether the site leases addresses in a network, or only adds the boot to what another server leases. */
export type BootRole = 'authoritative' | 'proxy';

/** The word of the template for the loader of a class of hardware. */
export const HARDWARE_LOADERS = ['ipxe', 'ipxe-drivers', 'grub', 'shim'] as const;
export type HardwareLoader = (typeof HARDWARE_LOADERS)[number];

/** The word of a loader; undefined for one that no word stands for. */
export function loaderWord(name: string | undefined): HardwareLoader | undefined {
  return LOADER_WORDS.find(([beginning]) => name?.startsWith(beginning))?.[1];
}

const LOADER_WORDS: readonly (readonly [string, HardwareLoader])[] = [
  ['undionly.', 'ipxe'],
  ['snponly.', 'ipxe'],
  ['ipxe.', 'ipxe-drivers'],
  ['grub', 'grub'],
  ['shim', 'shim'],
];

/** The forms that a template may ask for: they say the same in other words. */
export const TEMPLATE_SHAPES = [
  'file',
  'no-menu',
  'ask-boot-server',
  'plain-file',
] as const satisfies readonly OfferShape[];
export type TemplateShape = (typeof TEMPLATE_SHAPES)[number];

/** Whether two ways are the same. */
export function isSameWay(a: BootWay, b: BootWay): boolean {
  return a.shape === b.shape && a.loader === b.loader;
}

/** A way as a person reads it: `snponly.efi (file)`. */
export function describeWay({ loader, shape }: BootWay): string {
  return loader === undefined ? `its ${shape}` : `${loader} (${shape})`;
}

/** What another DHCP server of the network must say, so that a machine boots from here: options 66 and 67. */
export type RouterWords = { readonly nextServer: Ipv4; readonly bootFile: string };
