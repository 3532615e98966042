import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';

/** What a request tells of its sender, beyond who it is. */
export type ClientTraits = {
  /** Speaks PXE: option 60 begins with PXEClient, or option 93 names an architecture. */
  readonly pxe: boolean;
  /** Speaks UEFI HTTP boot: option 60 begins with HTTPClient. */
  readonly http: boolean;
  /** All architectures of option 93, else the one in the text of option 60. */
  readonly arches: readonly number[];
  readonly ipxe: boolean;
  /** Codes of the features that iPXE lists in option 175. */
  readonly ipxeFeatures: ReadonlySet<number>;
};

/** What a kind of client needs in order to boot. */
export type BootShape =
  /** A loader by TFTP, named alike in file and option 67; `extras` are the options that this firmware wants besides. */
  | { readonly kind: 'loader'; readonly file: string; readonly extras: readonly RawOption[] }
  /** The address of its script; never a loader, which would start the same loader again, for ever. */
  | { readonly kind: 'script'; readonly extras: readonly RawOption[] }
  /** Nothing: an installed system that is told of a boot server takes its boot file for a preseed address (Debian's installer). */
  | { readonly kind: 'none' };

export type ClientKind = {
  readonly name: string;
  /** Who speaks, as leases and signals call it. */
  readonly client: 'firmware' | 'ipxe' | 'os';
  readonly recognise: (traits: ClientTraits) => boolean;
  readonly boot: BootShape;
  /** Why the answer has this shape. */
  readonly because: string;
};

/** iPXE's feature codes, as far as they change an answer (src/include/ipxe/features.h). */
export const IPXE_HTTP = 0x13;

/** 06 01 08 ff. Bit 3 of PXE_DISCOVERY_CONTROL: take the boot file from this answer, show no menu, look for no boot server. */
const useThisBootFile = { code: 43, bytes: Uint8Array.of(6, 1, 8, 255) };
/** 175.176 = 1 (no-pxedhcp): otherwise iPXE waits two seconds more for a proxy that is not there. */
const noProxyToWaitFor = option('ipxe', [{ code: 176, bytes: Uint8Array.of(1) }]);

/** One row per kind of client; the first that recognises a request is it. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'ipxe',
    client: 'ipxe',
    recognise: (traits) => traits.ipxe,
    boot: { kind: 'script', extras: [noProxyToWaitFor] },
    because: 'iPXE is the loader already and needs its script; a loader again would be a loop',
  },
  {
    name: 'bios',
    client: 'firmware',
    // Old ROMs leave option 93 out; all of those are BIOS.
    recognise: (traits) => traits.pxe && (traits.arches.includes(0) || traits.arches.length === 0),
    boot: { kind: 'loader', file: 'undionly.kpxe', extras: [option('vendorClass', 'PXEClient'), useThisBootFile] },
    because: 'BIOS ROMs take only answers with PXEClient, and without 43.6 some wait in a boot menu',
  },
  {
    name: 'uefi-x64',
    client: 'firmware',
    // 9 is what RFC 4578 says, 7 is what firmware sends (erratum 1625 of the RFC).
    recognise: (traits) => traits.pxe && traits.arches.some((arch) => arch === 7 || arch === 9),
    boot: { kind: 'loader', file: 'snponly.efi', extras: [] },
    because: 'EDK2 asks port 4011 after an answer with PXEClient and no 43; without both it takes the file from here',
  },
  {
    name: 'os',
    client: 'os',
    recognise: (traits) => !traits.pxe && !traits.http,
    boot: { kind: 'none' },
    because: 'an installed system gets no boot options: Debian’s installer would take the file for a preseed',
  },
];

const architectures: Readonly<Record<number, string>> = {
  0: 'BIOS',
  6: 'UEFI ia32',
  7: 'UEFI x64',
  9: 'UEFI x64',
  10: 'UEFI arm32',
  11: 'UEFI arm64',
  15: 'UEFI ia32 HTTP boot',
  16: 'UEFI x64 HTTP boot',
  18: 'UEFI arm32 HTTP boot',
  19: 'UEFI arm64 HTTP boot',
  20: 'BIOS HTTP boot',
  21: 'U-Boot arm32',
  22: 'U-Boot arm64',
  23: 'U-Boot arm32 HTTP boot',
  24: 'U-Boot arm64 HTTP boot',
  27: 'UEFI riscv64',
  28: 'UEFI riscv64 HTTP boot',
  41: 'Raspberry Pi',
};

/** The architectures of a client as a person says them: `UEFI arm64`. */
export function describeArches(arches: readonly number[]): string {
  if (arches.length === 0) return 'a firmware that does not name its architecture';
  return arches.map((arch) => architectures[arch] ?? `architecture ${arch}`).join(', ');
}
