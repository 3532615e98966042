import { describe, expect, test } from 'vitest';
import { parseMac } from '../kernel/mac.ts';
import { withBootOrder } from './firmware-settings.ts';

const mac = parseMac('52:54:00:5b:00:02');
if (!mac) throw new Error('not a MAC address');

const FIRST_VARIABLE = 72 + 28;
/** A volume header of 72 bytes, an empty store, and what lies behind it. */
const blank = new Uint8Array(1024).fill(0xff);
blank.fill(0, 0, FIRST_VARIABLE);
blank[48] = 72;

/** As OVMF 2022.11 wrote them for a machine with these devices. */
const PXE =
  '0100000056005500450046004900200050005800450076003400200028004d00410043003a00350032003500340030003000350042003000300030003200290000000' +
  '2010c00d041030a00000000010106000002030b25005254005b0002000000000000000000000000000000000000000000000000000001030c1b0000000000000000000' +
  '000000000000000000000000000007fff04004eac0881119f594d850ee21a522c59b2';
const DISK =
  '010000001600550045004600490020004d006900730063002000440065007600690063006500000002010c00d041030a000000000101060000037fff04004eac0881119f594d850ee21a522c59b2';

describe('the settings of UEFI firmware', () => {
  test('are its own entries for the network and the disk, in this order', () => {
    expect(variablesOf(withBootOrder(blank, mac, 'pxe'))).toEqual({
      Boot0000: PXE,
      Boot0001: DISK,
      BootOrder: '00000100',
    });
  });

  test('may have HTTP boot in the place of PXE: the same path with an empty Uri() behind it', () => {
    const entry = variablesOf(withBootOrder(blank, mac, 'http'))['Boot0000'] ?? '';
    expect(Buffer.from(entry, 'hex').toString('utf16le')).toContain('UEFI HTTPv4 (MAC:5254005B0002)');
    expect(entry).toMatch(/030c1b00(00){23}031804007fff0400/);
  });

  test('are not changed once there are any', () => {
    expect(() => withBootOrder(withBootOrder(blank, mac, 'pxe'), mac, 'http')).toThrow('settings already');
  });
});

/** The values of all valid variables, in hex. */
function variablesOf(settings: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(settings);
  const found: Record<string, string> = {};
  for (let at = FIRST_VARIABLE; bytes.readUInt16LE(at) === 0x55aa; at = Math.ceil(at / 4) * 4) {
    const nameEnd = at + 60 + bytes.readUInt32LE(at + 36);
    const end = nameEnd + bytes.readUInt32LE(at + 40);
    const name = bytes.toString('utf16le', at + 60, nameEnd - 2);
    if (bytes[at + 2] === 0x3f) found[name] = bytes.toString('hex', nameEnd, end);
    at = end;
  }
  return found;
}
