/** Milliseconds that a client waits for an answer before it asks again; after the last it gives up. */
export type Waits = readonly number[];

/** How a kind fetches by TFTP. */
export type TftpHabit = {
  /** Asks for `tsize` first, and aborts that transfer with error 8 (RFC 2347) when it knows it. */
  readonly probe: boolean;
  readonly blksize?: number;
  readonly windowsize?: number;
  readonly waits: Waits;
};

/** What comes up when the loader runs. */
export type Next =
  /** iPXE, with what it says of its platform. */
  | { readonly kind: 'ipxe'; readonly platform: 'pcbios' | 'efi'; readonly buildarch: string }
  /** GRUB, of this processor; `signed`: its firmware enforces Secure Boot, and starts nothing but shim. */
  | { readonly kind: 'grub'; readonly cpu: 'x86_64' | 'arm64'; readonly signed?: true }
  /** Its loader is all that is simulated of it. */
  | { readonly kind: 'loader-only' }
  /** It asks for an address and nothing else. */
  | { readonly kind: 'none' };

export type SimKind = {
  readonly name: string;
  /** Option 60. */
  readonly vendorClass?: string;
  /** Option 93. */
  readonly arch?: number;
  /** Option 97 with a UUID made of its MAC. */
  readonly uuid: boolean;
  /** Further options, as they are. */
  readonly options: readonly (readonly [code: number, bytes: Uint8Array])[];
  readonly discoverWaits: Waits;
  /** Gathers offers so long before it chooses. */
  readonly gathersMs: number;
  /** Which answer of a server it takes for one that boots. */
  readonly takes: 'pxe' | 'url' | 'plain-file' | 'script' | 'nothing';
  readonly tftp: TftpHabit;
  readonly next: Next;
  /** Who does it so, and where that was seen. */
  readonly because: string;
};

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

/** PXE 2.1 section 2.2.1; EDK2 and ROMs alike. */
const PXE_WAITS: Waits = [4_000, 8_000, 16_000, 32_000];
const EDK2_TFTP: TftpHabit = { probe: true, blksize: 1_468, windowsize: 4, waits: [4_000, 4_000, 4_000, 4_000, 4_000] };
const PXE_LIST = Uint8Array.from(
  [1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97].concat([
    128, 129, 130, 131, 132, 133, 134, 135,
  ]),
);
const UNDI = Uint8Array.of(1, 3, 16);
const uefi = (arch: number, buildarch: string, because: string): Omit<SimKind, 'name'> => ({
  vendorClass: `PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:003016`,
  arch,
  uuid: true,
  options: [
    [57, Uint8Array.of(5, 0xc0)],
    [55, PXE_LIST],
    [94, UNDI],
  ],
  discoverWaits: PXE_WAITS,
  // PxeBcDhcp4.c keeps each offer and chooses when the first wait is over.
  gathersMs: 4_000,
  takes: 'pxe',
  tftp: EDK2_TFTP,
  next: { kind: 'ipxe', platform: 'efi', buildarch },
  because,
});
const uefiHttp = (arch: number, buildarch: string): Omit<SimKind, 'name'> => ({
  ...uefi(arch, buildarch, 'EDK2 HttpBootDxe: a URL in option 67, HEAD for the size, then GET on the same connection'),
  vendorClass: `HTTPClient:Arch:${String(arch).padStart(5, '0')}:UNDI:003016`,
  takes: 'url',
});
/** Of option 175: what iPXE 1.0.0+ of Debian 12 lists, with bus and features; 0x13 is HTTP. */
const IPXE_FEATURES = Uint8Array.from([
  0xb1, 5, 1, 0x80, 0x86, 0x10, 0x0e, 0x24, 1, 1, 0x22, 1, 1, 0x19, 1, 1, 0x21, 1, 1, 0x13, 1, 1, 0x27, 1, 1, 0x15, 1,
  1, 0x12, 1, 1,
]);

/** What makes a request one of iPXE, whichever firmware carries it. */
export const IPXE_OPTIONS: SimKind['options'] = [
  [57, Uint8Array.of(5, 0xc0)],
  [94, UNDI],
  [77, text('iPXE')],
  [
    55,
    Uint8Array.of(1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203),
  ],
  [175, IPXE_FEATURES],
];
/** iPXE: `DHCP_MIN_TIMEOUT` of one second, doubled up to ten. */
export const IPXE_WAITS: Waits = [1_000, 2_000, 4_000, 8_000, 10_000];
/** iPXE: as DHCP, and 1432 bytes a block, which fits every tunnel. */
export const IPXE_TFTP: TftpHabit = { probe: false, blksize: 1_432, waits: [1_000, 2_000, 4_000, 8_000, 10_000] };
/** udhcpc, dhclient and networkd are all about so patient. */
export const OS_WAITS: Waits = [3_000, 3_000, 3_000, 6_000, 6_000];
export const OS_OPTIONS: SimKind['options'] = [[55, Uint8Array.of(1, 3, 6, 12, 15, 28, 42)]];

/** GRUB 2.06 (net/tftp.c): 1024 bytes a block, and 40 tries of which each waits a little longer. */
export const GRUB_TFTP: TftpHabit = {
  probe: false,
  blksize: 1_024,
  waits: Array.from({ length: 40 }, (_, i) => 400 + 20 * i),
};

const PLAIN_TFTP: TftpHabit = { probe: false, blksize: 1_468, waits: [5_000, 5_000, 5_000, 5_000] };

/** One row per kind of client. */
const rows = {
  bios: {
    vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
    arch: 0,
    uuid: true,
    options: [
      [57, Uint8Array.of(4, 0xec)],
      [55, PXE_LIST],
      [94, Uint8Array.of(1, 2, 1)],
    ],
    discoverWaits: PXE_WAITS,
    gathersMs: 0,
    takes: 'pxe',
    tftp: { probe: true, blksize: 1_456, waits: [4_000, 4_000, 4_000, 4_000] },
    next: { kind: 'ipxe', platform: 'pcbios', buildarch: 'i386' },
    because: 'a PXE ROM of the Intel kind',
  },
  uefi: uefi(7, 'x86_64', 'EDK2 for x64, as OVMF and most PCs'),
  'uefi-ia32': uefi(6, 'i386', 'EDK2 for 32 bits, as on small Atom tablets'),
  'uefi-secure': {
    ...uefi(
      7,
      'x86_64',
      'EDK2 for x64 with the keys of Microsoft: it starts shim, and no loader that they did not sign',
    ),
    next: { kind: 'grub', cpu: 'x86_64', signed: true },
  },
  'uefi-arm64': { ...uefi(11, 'arm64', 'EDK2 for arm64, as AAVMF'), next: { kind: 'grub', cpu: 'arm64' } },
  'uefi-http': uefiHttp(16, 'x86_64'),
  'uefi-arm64-http': { ...uefiHttp(19, 'arm64'), next: { kind: 'loader-only' } },
  ipxe: {
    vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
    arch: 0,
    uuid: true,
    options: IPXE_OPTIONS,
    discoverWaits: IPXE_WAITS,
    gathersMs: 0,
    takes: 'script',
    tftp: IPXE_TFTP,
    next: { kind: 'ipxe', platform: 'pcbios', buildarch: 'i386' },
    because: 'a card or a virtual machine whose ROM is iPXE itself',
  },
  'u-boot': {
    vendorClass: 'U-Boot.armv8',
    arch: 22,
    uuid: false,
    options: [[55, Uint8Array.of(1, 3, 6, 12, 17, 66, 67)]],
    discoverWaits: [1_000, 2_000, 4_000, 8_000],
    gathersMs: 0,
    takes: 'plain-file',
    tftp: PLAIN_TFTP,
    next: { kind: 'loader-only' },
    because: 'U-Boot reads siaddr and the BOOTP file, and no option 66 or 67',
  },
  'raspberry-pi': {
    vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
    arch: 0,
    uuid: true,
    options: [
      [55, Uint8Array.of(1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135)],
      [94, Uint8Array.of(1, 2, 1)],
    ],
    discoverWaits: [5_000, 5_000, 5_000, 5_000],
    gathersMs: 0,
    takes: 'plain-file',
    tftp: { probe: false, blksize: 1_024, waits: [1_000, 1_000, 1_000] },
    next: { kind: 'loader-only' },
    because: 'the boot ROM of a Raspberry Pi, known by its MAC; it asks for a folder of its serial number',
  },
  os: {
    uuid: false,
    options: OS_OPTIONS,
    discoverWaits: OS_WAITS,
    gathersMs: 0,
    takes: 'nothing',
    tftp: PLAIN_TFTP,
    next: { kind: 'none' },
    because: 'an installed system, which is given an address and nothing to boot',
  },
} as const satisfies Readonly<Record<string, Omit<SimKind, 'name'>>>;

export type SimKindName = keyof typeof rows;
export const SIM_KINDS = Object.keys(rows) as readonly SimKindName[];

export function simKind(name: SimKindName): SimKind {
  return { name, ...rows[name] };
}
