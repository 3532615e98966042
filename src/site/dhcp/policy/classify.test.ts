import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import { classify, traitsOf } from './classify.ts';

const pxe = (arch: string) => option('vendorClass', `PXEClient:Arch:${arch}:UNDI:003016`);

const http = (arch: string) => option('vendorClass', `HTTPClient:Arch:${arch}:UNDI:003001`);
const features = (...codes: number[]) =>
  option(
    'ipxe',
    codes.map((code) => ({ code, bytes: Uint8Array.of(1) })),
  );
const piText = option('vendorSpecific', [{ code: 9, bytes: new TextEncoder().encode('\0\0\x11Raspberry Pi Boot') }]);

describe('kinds of clients', () => {
  it.each<[string, readonly RawOption[], string | undefined]>([
    ['nothing special', [], 'os'],
    ['udhcpc', [option('vendorClass', 'udhcp 1.35.0')], 'os'],
    ['arch 0', [pxe('00000'), option('clientArch', [0])], 'bios'],
    ['an old ROM without option 93', [option('vendorClass', 'PXEClient')], 'bios'],
    ['arch 7', [pxe('00007'), option('clientArch', [7])], 'uefi-x64'],
    ['arch 9', [pxe('00009'), option('clientArch', [9])], 'uefi-x64'],
    ['arch 7 only in the text', [pxe('00007')], 'uefi-x64'],
    ['arch 7 in the text, option 93 malformed', [pxe('00007'), { code: 93, bytes: Uint8Array.of(7) }], 'uefi-x64'],
    ['several archs, 7 among them', [pxe('00006'), option('clientArch', [6, 7])], 'uefi-x64'],
    ['arch without option 60', [option('clientArch', [7])], 'uefi-x64'],
    ['iPXE by bare user class', [pxe('00000'), { code: 77, bytes: Uint8Array.from([105, 80, 88, 69]) }], 'ipxe'],
    ['iPXE by RFC 3004 user class', [pxe('00007'), option('userClass', ['iPXE'])], 'ipxe'],
    ['FlexBoot: 175 alone', [pxe('00000'), option('clientArch', [0]), option('ipxe', [])], 'ipxe'],
    ['iPXE on arm64', [pxe('00011'), option('clientArch', [11]), option('userClass', ['iPXE'])], 'ipxe'],
    ['arm64', [pxe('00011'), option('clientArch', [11])], 'uefi-arm64'],
    ['ARM that says 0 in option 93', [pxe('00011'), option('clientArch', [0])], 'uefi-arm64'],
    ['ia32', [pxe('00006'), option('clientArch', [6])], 'uefi-ia32'],
    ['U-Boot', [option('vendorClass', 'U-Boot.armv8'), option('clientArch', [22])], 'u-boot-arm64'],
    ['U-Boot for HTTP', [option('vendorClass', 'U-Boot.armv8'), option('clientArch', [24])], 'u-boot-arm64-http'],
    ['UEFI HTTP boot', [http('00016'), option('clientArch', [16])], 'uefi-x64-http'],
    ['UEFI HTTP boot only in the text', [http('00016')], 'uefi-x64-http'],
    ['UEFI HTTP boot only in option 93', [option('clientArch', [16])], 'uefi-x64-http'],
    ['UEFI HTTP boot on arm64', [http('00019'), option('clientArch', [19])], 'uefi-arm64-http'],
    ['BIOS HTTP boot', [http('00020'), option('clientArch', [20])], 'bios-http'],
    ['riscv64', [pxe('00027'), option('clientArch', [27])], 'uefi-riscv64'],
    ['LoongArch', [pxe('00039'), option('clientArch', [39])], undefined],
    ['Raspberry Pi by architecture', [pxe('00000'), option('clientArch', [41])], 'raspberry-pi'],
    ['Raspberry Pi by its boot text', [pxe('00000'), option('clientArch', [0]), piText], 'raspberry-pi'],
    ['several archs, 0 among them', [pxe('00000'), option('clientArch', [0, 7])], 'uefi-x64'],
    ['iPXE that can start Linux', [pxe('00000'), features(0x13, 0x15, 0x18)], 'ipxe'],
    ['iPXE for EFI', [pxe('00007'), features(0x13, 0x24)], 'ipxe'],
    ['iPXE as a mere PXE ROM', [pxe('00000'), option('userClass', ['iPXE']), features(0x10, 0x15)], 'bios'],
    ['iPXE that lists its bus, and no features', [pxe('00000'), features(0xb1)], 'ipxe'],
  ])('%s', (_name, options, kind) => {
    expect(classify(traitsOf(message('discover', options)))?.name).toBe(kind);
  });

  it.each([
    ['b8:27:eb:64:46:1c', [0], 'raspberry-pi'],
    ['d8:3a:dd:e8:27:1e', [], 'raspberry-pi'],
    ['d8:3a:dd:e8:27:1e', [11], 'uefi-arm64'],
    ['d8:3a:dd:e8:27:1e', [22], 'u-boot-arm64'],
    ['52:54:00:e8:27:1e', [0], 'bios'],
  ])('a MAC of Raspberry Pi counts where the firmware does not say what it is: %s, %s', (mac, arches, kind) => {
    const options = [pxe('00000'), ...(arches.length > 0 ? [option('clientArch', arches)] : [])];
    expect(classify(traitsOf(message('discover', options, { mac })))?.name).toBe(kind);
  });
});
