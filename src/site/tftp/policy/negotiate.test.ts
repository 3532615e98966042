import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, negotiate } from './negotiate.ts';

const ask = (...pairs: [name: string, value: string][]) =>
  negotiate(
    pairs.map(([name, value]) => ({ name, value })),
    70_000,
    DEFAULT_LIMITS,
  );
const answered = (...pairs: [name: string, value: string][]) =>
  ask(...pairs).oack.map(({ name, value }) => `${name}=${value}`);

describe('negotiate', () => {
  test('without options: blocks of 512 bytes, one at a time, and no OACK', () => {
    expect(ask()).toEqual({ sizeBytes: 70_000, blockBytes: 512, window: 1, timeoutMs: undefined, oack: [] });
  });

  test('answers only what was asked, in its order and spelling', () => {
    expect(answered(['tsize', '0'], ['BLKSIZE', '1432'], ['multicast', ''], ['windowsize', '16'])).toEqual([
      'tsize=70000',
      'BLKSIZE=1432',
      'windowsize=16',
    ]);
  });

  test.each([
    ['blksize', '65464', 'blksize=1468'],
    ['blksize', '8', 'blksize=8'],
    ['windowsize', '65535', 'windowsize=64'],
    ['windowsize', '1', 'windowsize=1'],
    ['timeout', '255', 'timeout=255'],
    ['tsize', '123', 'tsize=70000'],
  ])('%s %s is answered with %s', (name, value, answer) => {
    expect(answered([name, value])).toEqual([answer]);
  });

  test.each([
    ['blksize', '7'],
    ['blksize', '65465'],
    ['blksize', '-512'],
    ['blksize', '1e3'],
    ['blksize', ''],
    ['timeout', '0'],
    ['timeout', '256'],
    ['windowsize', '0'],
    ['tsize', 'big'],
    ['rollover', '0'],
  ])('%s %j is as if it had not been asked', (name, value) => {
    expect(answered([name, value])).toEqual([]);
  });

  test('an option that comes twice counts once', () => {
    expect(answered(['blksize', '1000'], ['blksize', '600'])).toEqual(['blksize=1000']);
  });

  test('what is granted is what the transfer does', () => {
    expect(ask(['blksize', '9000'], ['windowsize', '99'], ['timeout', '3'])).toMatchObject({
      blockBytes: 1468,
      window: 64,
      timeoutMs: 3_000,
    });
  });
});
