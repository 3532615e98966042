import type { BootRole, BootWay, OfferShape } from '../../../model/boot-way.ts';
import type { Arch } from '../../../model/revision.ts';

/** What a request tells of its sender, beyond who it is. */
export type ClientTraits = {
  /** Speaks PXE: option 60 begins with PXEClient, or option 93 names an architecture. */
  readonly pxe: boolean;
  /** Speaks HTTP boot: option 60 begins with HTTPClient, or option 93 says so where 60 says nothing. */
  readonly http: boolean;
  /** All architectures of option 93, else the one in the text of option 60. */
  readonly arches: readonly number[];
  /** The boot ROM of a Raspberry Pi: it says architecture 0, and is no BIOS. */
  readonly raspberryPi: boolean;
  /** iPXE that can start Linux. */
  readonly ipxe: boolean;
  /** Codes of the features that iPXE lists in option 175. */
  readonly ipxeFeatures: ReadonlySet<number>;
};

export type ClientKind = {
  readonly name: string;
  /** As a person says it: "no loader for …". */
  readonly title: string;
  /** Who speaks, as leases and signals call it. */
  readonly client: 'firmware' | 'ipxe' | 'os';
  /** What of a request tells this kind, in words; `recognise` is the same in code. */
  readonly recognisedBy: string;
  readonly recognise: (traits: ClientTraits) => boolean;
  /** The ways to make it boot, in the order in which they are tried; none: there is no loader for it. */
  readonly ways: (role: BootRole) => readonly BootWay[];
  /** What its loaders start; missing: amd64. */
  readonly arch?: Arch;
  /** How much later it is answered beside another server: what comes first there may be all that it hears. */
  readonly proxyDelayMs?: number;
  /** Why the answer has this shape. */
  readonly because: string;
};

/** iPXE's feature codes, as far as they change an answer (src/include/ipxe/features.h). */
export const IPXE_HTTP = 0x13;

/** Shipped EDK2 drops the first answer of a proxy that has option 43, and asks port 4011 after one without. */
const UEFI_SHAPES: Readonly<Record<BootRole, readonly OfferShape[]>> = {
  authoritative: ['file', 'no-menu', 'ask-boot-server'],
  proxy: ['ask-boot-server', 'no-menu'],
};
const BIOS_SHAPES: readonly OfferShape[] = ['no-menu', 'ask-boot-server'];

/** One row per kind of client; the first that recognises a request is it, so that of several architectures the best counts. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'ipxe',
    title: 'iPXE',
    client: 'ipxe',
    recognisedBy: 'user class (77) iPXE or option 175; if that lists features, bzImage or EFI is one of them',
    recognise: (traits) => traits.ipxe,
    ways: () => [{ shape: 'script' }],
    because: 'iPXE is the loader already and needs its script; a loader again would be a loop',
  },
  {
    name: 'raspberry-pi',
    title: 'Raspberry Pi',
    client: 'firmware',
    recognisedBy: 'architecture 41, or 0 with a MAC of Raspberry Pi or its boot text in option 43',
    recognise: (traits) => traits.raspberryPi,
    ways: () => [{ shape: 'pi' }],
    arch: 'arm64',
    // Next to a fast DHCP server it takes the first answer and forgets the other one.
    proxyDelayMs: 1000,
    because:
      'its ROM waits for its own text in 43 and a dotted quad in 66; it starts only files of its own firmware, which the template brings',
  },
  ofArch('uefi-x64-http', 'UEFI x64 HTTP boot', [16], {
    ways: () => inShapes(['url'], 'snponly.efi', 'ipxe.efi'),
    because: 'EDK2 takes only an answer with HTTPClient, and the file as a URL',
  }),
  {
    name: 'uefi-x64',
    title: 'UEFI x64',
    client: 'firmware',
    recognisedBy: 'architecture 7 or 9',
    // 9 is what RFC 4578 says, 7 is what firmware sends (erratum 1625 of the RFC).
    recognise: (traits) => traits.pxe && traits.arches.some((arch) => arch === 7 || arch === 9),
    // shim is what firmware with Secure Boot starts; it says nothing of that before it has refused another loader. See `ofGrub`.
    ways: (role) =>
      role === 'proxy'
        ? inShapes(UEFI_SHAPES.proxy, 'snponly.efi', 'ipxe.efi')
        : inShapes(UEFI_SHAPES.authoritative, 'snponly.efi', 'shimx64.efi', 'ipxe.efi', 'grubx64.efi'),
    because: 'EDK2 asks port 4011 after an answer with PXEClient and no 43; without both it takes the file from here',
  },
  lacking('uefi-arm64-http', 'UEFI arm64 HTTP boot', [19], 'Debian’s GRUB for arm64 cannot speak HTTP'),
  ofArch('uefi-arm64', 'UEFI arm64', [11], {
    arch: 'arm64',
    ways: (role) => ofGrub(role, UEFI_SHAPES.authoritative, 'grubaa64.efi', 'shimaa64.efi'),
    because: 'as UEFI x64; Debian has no iPXE for it, and GRUB is the loader',
  }),
  lacking('uefi-ia32-http', 'UEFI ia32 HTTP boot', [15], 'a 32-bit UEFI starts no kernel for 64-bit PCs'),
  lacking('uefi-ia32', 'UEFI ia32', [6], 'a 32-bit UEFI starts no kernel for 64-bit PCs'),
  ofArch('bios-http', 'BIOS HTTP boot', [20], {
    ways: () => inShapes(['url'], 'undionly.kpxe'),
    because: 'the same loader as by TFTP, as a URL',
  }),
  lacking('uefi-arm32-http', 'UEFI arm32 HTTP boot', [18], 'nothing that Slipway boots runs on 32-bit ARM'),
  lacking('uefi-arm32', 'UEFI arm32', [10], 'nothing that Slipway boots runs on 32-bit ARM'),
  ofArch('u-boot-arm64', 'U-Boot arm64', [22], {
    arch: 'arm64',
    ways: (role) => ofGrub(role, ['plain-file'], 'grubaa64.efi'),
    because: 'U-Boot reads siaddr and file, and asks for neither 66 nor 67; it starts EFI programs',
  }),
  lacking('u-boot-arm64-http', 'U-Boot arm64 HTTP boot', [24], 'Debian’s GRUB for arm64 cannot speak HTTP'),
  lacking('u-boot-arm32', 'U-Boot arm32', [21, 23], 'nothing that Slipway boots runs on 32-bit ARM'),
  lacking('uefi-riscv64', 'UEFI riscv64', [27, 28], 'nothing that Slipway boots runs on RISC-V'),
  {
    name: 'bios',
    title: 'BIOS',
    client: 'firmware',
    recognisedBy: 'architecture 0, or PXEClient (60) without an architecture',
    // Old ROMs leave option 93 out; all of those are BIOS.
    recognise: (traits) => traits.pxe && (traits.arches.includes(0) || traits.arches.length === 0),
    ways: () => inShapes(BIOS_SHAPES, 'undionly.kpxe', 'ipxe.pxe'),
    because: 'BIOS ROMs take only answers with PXEClient, and without 43.6 some wait in a boot menu',
  },
  {
    name: 'os',
    title: 'an installed system',
    client: 'os',
    recognisedBy: 'neither PXEClient nor HTTPClient (60), no architecture (93)',
    recognise: (traits) => !traits.pxe && !traits.http,
    // An installed system that is told of a boot server takes its boot file for a preseed address (Debian's installer).
    ways: () => [{ shape: 'none' }],
    because: 'an installed system gets no boot options: Debian’s installer would take the file for a preseed',
  },
];

/** The same loader in each shape, then the next loader: firmware that took a shape needs no other one. */
function inShapes(shapes: readonly OfferShape[], ...loaders: readonly string[]): readonly BootWay[] {
  return loaders.flatMap((loader) => shapes.map((shape) => ({ shape, loader })));
}

/**
 * Nothing beside another server: GRUB asks the one that leased its address for its script (siaddr of the ACK), whoever
 * gave it the loader, and ends at its prompt.
 */
function ofGrub(role: BootRole, shapes: readonly OfferShape[], ...loaders: readonly string[]): readonly BootWay[] {
  return role === 'proxy' ? [] : inShapes(shapes, ...loaders);
}

/** Firmware that is known by its architecture alone. */
function ofArch(
  name: string,
  title: string,
  arches: readonly number[],
  rest: Pick<ClientKind, 'ways' | 'because' | 'arch'>,
): ClientKind {
  return {
    ...{ name, title, client: 'firmware' },
    recognisedBy: `architecture ${arches.join(' or ')}`,
    recognise: (traits) => (traits.pxe || traits.http) && traits.arches.some((arch) => arches.includes(arch)),
    ...rest,
  };
}

/** A kind that is known, and cannot be helped. */
function lacking(name: string, title: string, arches: readonly number[], because: string): ClientKind {
  return ofArch(name, title, arches, { ways: () => [], because });
}
