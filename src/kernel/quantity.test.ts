import { expect, it } from 'vitest';
import { formatBytes, parseBytes, parseRate } from './quantity.ts';

it.each([
  ['20Mbit', 2_500_000],
  ['512 kbit/s', 64_000],
  ['1.5Gbit', 187_500_000],
  ['20MB', undefined],
  ['-1Mbit', undefined],
  ['Mbit', undefined],
  ['1e3Mbit', undefined],
])('reads the speed %s', (text, bytesPerSecond) => expect(parseRate(text)).toBe(bytesPerSecond));

it.each([
  ['200GB', 200_000_000_000],
  ['1.5 TB', 1_500_000_000_000],
  ['5Mbit', undefined],
  ['5', undefined],
])('reads the amount %s', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [999_960, '1.0 MB'],
  [12_345_678, '12 MB'],
  [1_234_567_890, '1.2 GB'],
  [5e15, '5000 TB'],
])('says %d as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
