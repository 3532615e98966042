/** The architectures of option 93, as a person says them (IANA, "Processor Architecture Types"). */
const ARCHITECTURES: Readonly<Record<number, string>> = {
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

/** Those that ask for a URL instead of a file name. */
export const HTTP_ARCHES: ReadonlySet<number> = new Set([15, 16, 18, 19, 20, 23, 24, 28]);

/** The architectures of a client: `UEFI arm64`. */
export function describeArches(arches: readonly number[]): string {
  if (arches.length === 0) return 'a firmware that does not name its architecture';
  return arches.map((arch) => ARCHITECTURES[arch] ?? `architecture ${arch}`).join(', ');
}
