import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1ToBytes } from '../../../kernel/latin1.ts';
import { ackedBlock, decodeTftp, encodeTftp, packDataBlocks, type TftpPacket } from './packet.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const bytesOf = (text: string) => latin1ToBytes(text) ?? new Uint8Array(0);
const decoded = (text: string) => decodeTftp(bytesOf(text));

describe('decode', () => {
  test.each<[string, string, TftpPacket]>([
    [
      'a plain request',
      '\0\x01undionly.kpxe\0octet\0',
      { kind: 'rrq', filename: 'undionly.kpxe', mode: 'octet', options: [] },
    ],
    [
      'a request of UEFI',
      '\0\x01snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0',
      {
        kind: 'rrq',
        filename: 'snponly.efi',
        mode: 'octet',
        options: [
          { name: 'tsize', value: '0' },
          { name: 'blksize', value: '1468' },
          { name: 'windowsize', value: '4' },
        ],
      },
    ],
    [
      'a name with 0xff at its end',
      '\0\x01a\xff\0octet\0',
      { kind: 'rrq', filename: 'a\xff', mode: 'octet', options: [] },
    ],
    ['a mode without its NUL', '\0\x01a\0octet', { kind: 'rrq', filename: 'a', mode: 'octet', options: [] }],
    [
      'a request filled up with zeros',
      '\0\x01a\0octet\0\0\0\0\0',
      { kind: 'rrq', filename: 'a', mode: 'octet', options: [] },
    ],
    [
      'an option without a value',
      '\0\x01a\0octet\0blksize\0',
      { kind: 'rrq', filename: 'a', mode: 'octet', options: [] },
    ],
    ['a write', '\0\x02a\0octet\0', { kind: 'wrq', filename: 'a', mode: 'octet', options: [] }],
    ['data', '\0\x03\x01\x02abc', { kind: 'data', block: 258, bytes: bytesOf('abc') }],
    ['an empty last block', '\0\x03\xff\xff', { kind: 'data', block: 65_535, bytes: bytesOf('') }],
    ['an acknowledgement', '\0\x04\0\x07', { kind: 'ack', block: 7 }],
    ['an acknowledgement with more behind it', '\0\x04\0\x07zz', { kind: 'ack', block: 7 }],
    ['an error', '\0\x05\0\x08User aborted\0', { kind: 'error', code: 8, message: 'User aborted' }],
    ['an error without words', '\0\x05\0\0', { kind: 'error', code: 0, message: '' }],
    ['an option acknowledgement', '\0\x06tsize\x0042\0', { kind: 'oack', options: [{ name: 'tsize', value: '42' }] }],
  ])('reads %s', (_, text, packet) => {
    expect(decoded(text)).toEqual({ ok: true, value: packet });
  });

  test.each([
    ['', /0 bytes are too few/],
    ['\0', /1 bytes are too few/],
    ['\0\x09x', /opcode 9/],
    ['\0\0x', /opcode 0/],
    ['\0\x01no-end', /name has no end/],
    ['\0\x01name\0', /no mode/],
    ['\0\x01name\0\0', /no mode/],
    ['\0\x04\0', /before its number/],
    ['\0\x03', /before its number/],
  ])('refuses %j', (text, reason) => {
    expect(decoded(text)).toEqual({ ok: false, error: expect.stringMatching(reason) });
  });

  test('never throws', () => {
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 64 }))
        .map(([op, rest]) => Uint8Array.of(0, op, ...rest)),
    );
    fc.assert(
      fc.property(datagram, (bytes) => typeof decodeTftp(bytes).ok === 'boolean'),
      { seed, numRuns: 1_000 },
    );
  });
});

describe('encode', () => {
  const text = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  });
  const name = text.filter((value) => value !== '');
  const options = fc.array(fc.record({ name, value: text }), { maxLength: 5 });
  const uint16 = fc.integer({ min: 0, max: 65_535 });
  const packet: fc.Arbitrary<TftpPacket> = fc.oneof(
    fc.record({ kind: fc.constantFrom('rrq' as const, 'wrq' as const), filename: text, mode: name, options }),
    fc.record({ kind: fc.constant('data' as const), block: uint16, bytes: fc.uint8Array({ maxLength: 600 }) }),
    fc.record({ kind: fc.constant('ack' as const), block: uint16 }),
    fc.record({ kind: fc.constant('error' as const), code: uint16, message: text }),
    fc.record({ kind: fc.constant('oack' as const), options }),
  );

  test('is undone by decode, unknown options included', () => {
    fc.assert(
      fc.property(packet, (value) => {
        expect(decodeTftp(encodeTftp(value))).toEqual({ ok: true, value });
      }),
      { seed, numRuns: 500 },
    );
  });

  test.each(['a\0b', 'Ω'])('refuses the string %j instead of saying something else', (message) => {
    expect(() => encodeTftp({ kind: 'error', code: 0, message })).toThrow(RangeError);
  });
});

test.each([
  [8, 8, 3],
  [8, 3, 3],
  [8, 0, 3],
  [1_468, 700, 64],
  [512, 0, 1],
])('blocks of %i bytes, %i in the last, become %i packets where they stand', (blockBytes, lastBytes, count) => {
  const first = 65_534;
  const bytes = new Uint8Array((count - 1) * blockBytes + lastBytes).map((_, index) => (index * 7) & 255);
  const packets = new Uint8Array(4 * count + bytes.length).fill(255);
  packets.set(bytes, 4 * count);
  packDataBlocks(packets, { first, count, blockBytes });
  const each = Array.from({ length: count }, (_, index) =>
    encodeTftp({
      ...{ kind: 'data', block: (first + index) & 0xffff },
      bytes: bytes.subarray(index * blockBytes, (index + 1) * blockBytes),
    }),
  );
  expect(Buffer.compare(packets, Buffer.concat(each))).toBe(0);
});

test('what is looked at as an ACK is what is decoded as one', () => {
  const start = fc.constantFrom([0, 4], [0, 3], [1, 4], [0], [4]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 4 }), (opcode, rest) => {
      const bytes = Uint8Array.of(...opcode, ...rest);
      const packet = decodeTftp(bytes);
      expect(ackedBlock(bytes)).toBe(packet.ok && packet.value.kind === 'ack' ? packet.value.block : undefined);
    }),
    { seed },
  );
});
