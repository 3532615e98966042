import type { BootRole, BootWay } from '../../../model/boot-way.ts';

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

export type ClientKind = {
  readonly name: string;
  /** Who speaks, as leases and signals call it. */
  readonly client: 'firmware' | 'ipxe' | 'os';
  readonly recognise: (traits: ClientTraits) => boolean;
  /** The ways to make it boot, in the order in which they are tried; none: there is no loader for it. */
  readonly ways: (role: BootRole) => readonly BootWay[];
  /** Why the answer has this shape. */
  readonly because: string;
};

/** iPXE's feature codes, as far as they change an answer (src/include/ipxe/features.h). */
export const IPXE_HTTP = 0x13;

/** One row per kind of client; the first that recognises a request is it. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'ipxe',
    client: 'ipxe',
    recognise: (traits) => traits.ipxe,
    ways: () => [{ shape: 'script' }],
    because: 'iPXE is the loader already and needs its script; a loader again would be a loop',
  },
  {
    name: 'bios',
    client: 'firmware',
    // Old ROMs leave option 93 out; all of those are BIOS.
    recognise: (traits) => traits.pxe && (traits.arches.includes(0) || traits.arches.length === 0),
    ways: () => [
      { shape: 'no-menu', loader: 'undionly.kpxe' },
      { shape: 'ask-boot-server', loader: 'undionly.kpxe' },
    ],
    because: 'BIOS ROMs take only answers with PXEClient, and without 43.6 some wait in a boot menu',
  },
  {
    name: 'uefi-x64',
    client: 'firmware',
    // 9 is what RFC 4578 says, 7 is what firmware sends (erratum 1625 of the RFC).
    recognise: (traits) => traits.pxe && traits.arches.some((arch) => arch === 7 || arch === 9),
    ways: (role) => uefiWays(role, 'snponly.efi'),
    because: 'EDK2 asks port 4011 after an answer with PXEClient and no 43; without both it takes the file from here',
  },
  {
    name: 'os',
    client: 'os',
    recognise: (traits) => !traits.pxe && !traits.http,
    // An installed system that is told of a boot server takes its boot file for a preseed address (Debian's installer).
    ways: () => [{ shape: 'none' }],
    because: 'an installed system gets no boot options: Debian’s installer would take the file for a preseed',
  },
];

/** Beside another server only an answer with PXEClient is one; and shipped EDK2 drops the first such with 43. */
function uefiWays(role: BootRole, loader: string): readonly BootWay[] {
  const shapes = role === 'proxy' ? PROXY_SHAPES : OWN_SHAPES;
  return shapes.map((shape) => ({ shape, loader }));
}

const PROXY_SHAPES = ['ask-boot-server', 'no-menu'] as const;
const OWN_SHAPES = ['file', 'no-menu', 'ask-boot-server'] as const;

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
