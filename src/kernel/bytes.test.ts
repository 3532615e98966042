import { describe, expect, it } from 'vitest';
import { backoff } from './backoff.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

describe('a reader', () => {
  it('reads in network order', () => {
    const reader = new ByteReader(Uint8Array.of(0, 1, 0xff, 0xff, 0xff, 0xfe, 9));
    expect([reader.uint16(), reader.uint32(), reader.uint8(), reader.remaining]).toEqual([1, 0xfffffffe, 9, 0]);
    expect(reader.failure).toBeUndefined();
  });

  it('keeps its first failure, and reads zeros from there on', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    expect([reader.uint16(), reader.uint32(), reader.uint8(), reader.bytes(1)]).toEqual([258, 0, 0, new Uint8Array(0)]);
    expect(reader.failure).toEqual({ offset: 2, need: 4, have: 1 });
  });

  it('sees only the part of a buffer that it was given, and hands out copies', () => {
    const whole = Uint8Array.of(9, 1, 2, 9);
    const reader = new ByteReader(whole.subarray(1, 3));
    const read = reader.bytes(2);
    whole.fill(7);
    expect(read).toEqual(Uint8Array.of(1, 2));
    expect(reader.remaining).toBe(0);
  });
});

it('a writer grows as it must', () => {
  const writer = new ByteWriter(1).uint8(1).uint16(0x0203).uint32(0xfffffffe).padded(Uint8Array.of(5), 3);
  expect(writer.bytes(new Uint8Array(1_000)).length).toBe(1_010);
  expect(writer.finish().subarray(0, 10)).toEqual(Uint8Array.of(1, 2, 3, 0xff, 0xff, 0xff, 0xfe, 5, 0, 0));
});

it('waits grow up to their bound', () => {
  const waits = backoff({ firstMs: 100, factor: 2, maxMs: 350 }, { unit: () => 0.5, bytes: () => new Uint8Array(0) });
  expect(Array.from({ length: 4 }, () => waits.next().value)).toEqual([50, 100, 175, 175]);
});
