import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import { readRequest } from '../../../../test/packets/hex.ts';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { ipv4FromNumber } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from './message.ts';
import { decodeMessage, encodeMessage, messageBytes, rawOption } from './message.ts';
import { formatMessage } from './summary.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const real = readRequest('udhcpc-discover');

const address: fc.Arbitrary<Ipv4> = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4FromNumber);
const byte = fc.integer({ min: 0, max: 255 });
const text = (max: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { maxLength: max })
    .map((codes) => codes.map((code) => String.fromCharCode(code)).join(''));
const rawOptions = fc.uniqueArray(
  fc.record({
    code: fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
    bytes: fc.uint8Array({ maxLength: 600 }),
  }),
  { selector: (option) => option.code, maxLength: 12 },
);
const messages: fc.Arbitrary<DhcpMessage> = fc.record({
  op: fc.constantFrom(1 as const, 2 as const),
  htype: byte,
  hlen: fc.integer({ min: 0, max: 16 }),
  hops: byte,
  xid: fc.integer({ min: 0, max: 0xffffffff }),
  secs: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  sname: text(64),
  file: text(128),
  options: rawOptions,
});

function encoded(value: DhcpMessage): Uint8Array {
  const result = encodeMessage(value);
  if (!result.ok) throw new Error(result.error.sentence);
  return result.value;
}

function decoded(bytes: Uint8Array): DhcpMessage {
  const result = decodeMessage(bytes);
  if (!result.ok) throw new Error(result.error.sentence);
  return result.value;
}

function reasonOf(bytes: Uint8Array): string {
  const result = decodeMessage(bytes);
  return result.ok ? 'fine' : result.error.reason;
}

/** A header with the given options field, and what a caller puts into `file` and `sname`. */
function packet(options: number[], fields: { file?: number[]; sname?: number[] } = {}): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set(real.subarray(0, 240));
  bytes.set(fields.sname ?? [], 44);
  bytes.set(fields.file ?? [], 108);
  bytes.set(options, 240);
  return bytes;
}

describe('any message', () => {
  it('is the same after encode and decode, unknown and long options included', () => {
    fc.assert(
      fc.property(messages, (value) => {
        const bytes = encoded(value);
        expect(decoded(bytes)).toEqual(value);
        expect(bytes.length).toBe(messageBytes(value));
      }),
      { seed },
    );
  });

  it('is never shorter than 300 bytes', () => {
    expect(encoded(message('nak')).length).toBe(300);
  });
});

describe('any bytes', () => {
  it('are decoded or refused, never thrown at', () => {
    const mutated = fc
      .tuple(fc.nat(real.length - 1), byte, fc.nat(real.length))
      .map(([at, value, end]) => real.map((old, i) => (i === at ? value : old)).subarray(0, end));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 1500 }), mutated), (bytes) => {
        const result = decodeMessage(bytes);
        const said = result.ok ? formatMessage(result.value) : result.error.sentence;
        expect(said.length).toBeGreaterThan(0);
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('refusals', () => {
  it.each([
    ['nothing at all', new Uint8Array(0), 'too-short'],
    ['a header cut off', real.subarray(0, 100), 'too-short'],
    ['no cookie', real.subarray(0, 236), 'too-short'],
    ['another cookie', real.map((old, i) => (i === 236 ? 0 : old)), 'bad-cookie'],
    ['op 3', real.map((old, i) => (i === 0 ? 3 : old)), 'bad-op'],
    ['hlen 17', real.map((old, i) => (i === 2 ? 17 : old)), 'bad-hlen'],
    ['an option longer than what is left', packet([53, 1, 1, 12, 200, 65]), 'option-overrun'],
    ['an option without a length', packet([53, 1, 1, 12]), 'option-overrun'],
    ['an overrun in file', packet([52, 1, 1, 255], { file: [12, 200] }), 'option-overrun'],
  ])('%s', (_name, bytes, reason) => {
    expect(reasonOf(bytes)).toBe(reason);
  });

  it('say where and how much', () => {
    const result = decodeMessage(packet([53, 1, 1, 12, 200, 65]));
    expect(result.ok ? '' : result.error.sentence).toBe(
      'option 12 at offset 3 of options claims 200 bytes, 1 are left',
    );
  });
});

describe('tolerance', () => {
  it('takes a short packet without END', () => {
    expect(decoded(packet([53, 1, 1])).options).toEqual([{ code: 53, bytes: Uint8Array.of(1) }]);
  });

  it('takes PADs anywhere and nothing after END', () => {
    const { options } = decoded(packet([0, 0, 53, 1, 1, 0, 12, 1, 65, 255, 99, 99]));
    expect(options.map(({ code }) => code)).toEqual([53, 12]);
  });

  it('joins the pieces of one option (RFC 3396)', () => {
    expect(rawOption(decoded(packet([12, 2, 65, 66, 53, 1, 1, 12, 1, 67, 255])), 12)).toEqual(
      Uint8Array.of(65, 66, 67),
    );
  });

  it('reads options from file and sname if option 52 says so, and forgets option 52', () => {
    const overloaded = decoded(packet([52, 1, 3, 53, 1, 1, 255], { file: [12, 1, 65, 255], sname: [12, 1, 66, 255] }));
    expect(overloaded.options).toEqual([
      { code: 53, bytes: Uint8Array.of(1) },
      { code: 12, bytes: Uint8Array.of(65, 66) },
    ]);
    expect([overloaded.file, overloaded.sname]).toEqual(['', '']);
  });

  it('takes a file name that fills its field without a NUL', () => {
    const { file } = decoded(packet([255], { file: new Array(128).fill(65) }));
    expect(file).toBe('A'.repeat(128));
  });
});

describe('encoding', () => {
  it('puts a PAD right after option 67, for ROMs that read one byte too many', () => {
    const bytes = encoded(
      message('offer', [
        { code: 67, bytes: Uint8Array.of(65) },
        { code: 97, bytes: Uint8Array.of(0) },
      ]),
    );
    expect([...bytes.subarray(243, 250)]).toEqual([67, 1, 65, 0, 97, 1, 0]);
  });

  it('splits what is longer than 255 bytes', () => {
    const bytes = encoded(message('offer', [{ code: 43, bytes: new Uint8Array(300) }]));
    expect([bytes[243], bytes[244], bytes[243 + 257], bytes[244 + 257]]).toEqual([43, 255, 43, 45]);
  });

  it.each([
    ['a file name of 129 bytes', { file: 'x'.repeat(129) }, 'file'],
    ['a server name of 65 bytes', { sname: 'x'.repeat(65) }, 'sname'],
    ['a file name that is not Latin-1', { file: '→' }, 'file'],
    ['a chaddr of 6 bytes', { chaddr: new Uint8Array(6) }, 'chaddr'],
    ['option 52 as a value', { options: [{ code: 52, bytes: Uint8Array.of(1) }] }, 'options'],
    ['option 255 as a value', { options: [{ code: 255, bytes: Uint8Array.of(1) }] }, 'options'],
  ])('refuses %s rather than cutting it', (_name, parts, field) => {
    const result = encodeMessage({ ...message('offer'), ...parts });
    expect(result.ok ? 'written' : result.error.field).toBe(field);
  });
});
