import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import { classify, traitsOf } from './classify.ts';

const pxe = (arch: string) => option('vendorClass', `PXEClient:Arch:${arch}:UNDI:003016`);

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
    ['arm64', [pxe('00011'), option('clientArch', [11])], undefined],
    ['ia32', [pxe('00006'), option('clientArch', [6])], undefined],
    ['U-Boot', [option('vendorClass', 'U-Boot.armv8'), option('clientArch', [22])], undefined],
    [
      'UEFI HTTP boot',
      [option('vendorClass', 'HTTPClient:Arch:00016:UNDI:003016'), option('clientArch', [16])],
      undefined,
    ],
  ])('%s', (_name, options, kind) => {
    expect(classify(traitsOf(message('discover', options)))?.name).toBe(kind);
  });
});
