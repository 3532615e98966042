import { describe, expect, test } from 'vitest';
import { type CpioEntry, encodeCpio } from './cpio.ts';

const entries: readonly CpioEntry[] = [
  { kind: 'directory', path: 'bin' },
  { kind: 'file', path: 'bin/tool', bytes: Uint8Array.of(1, 2, 3, 4, 5), executable: true },
  { kind: 'link', path: 'bin/sh', target: 'tool' },
  { kind: 'file', path: 'empty', bytes: new Uint8Array(0) },
];

describe('the cpio archive', () => {
  test('everything is aligned to four bytes, and the trailer ends it', () => {
    const archive = encodeCpio(entries);
    expect(archive.length % 4).toBe(0);
    expect(Buffer.from(archive).toString('latin1')).toMatch(/TRAILER!!!\0+$/);
  });

  test('a file has its mode, its size and its bytes where the format puts them', () => {
    const text = Buffer.from(encodeCpio(entries.slice(1, 2))).toString('latin1');
    expect(text.slice(0, 6)).toBe('070701');
    expect(text.slice(14, 22)).toBe('000081ed');
    expect(text.slice(54, 62)).toBe('00000005');
    expect(text.slice(110, 119)).toBe('bin/tool\0');
    expect(text.slice(120, 125)).toBe('\x01\x02\x03\x04\x05');
  });

  test('the same entries give the same bytes', () => {
    expect(encodeCpio(entries)).toEqual(encodeCpio(entries));
  });

  test('nothing but the trailer for no entries', () => {
    expect(encodeCpio([])).toHaveLength(124);
  });
});
