import { describe, expect, test } from 'vitest';
import { decideRange } from './range.ts';

const etag = '"abc"';
const ask = (range?: string, ifRange?: string, sizeBytes = 1000) => decideRange({ range, ifRange, etag, sizeBytes });
const part = (first: number, last: number) => ({ kind: 'part', first, last });

describe('decideRange', () => {
  test.each([
    ['bytes=0-99', part(0, 99)],
    ['bytes=900-', part(900, 999)],
    ['bytes=0-', part(0, 999)],
    ['bytes=-100', part(900, 999)],
    ['bytes=-5000', part(0, 999)],
    ['bytes=990-5000', part(990, 999)],
    ['bytes=999-999', part(999, 999)],
    ['Bytes = 1 - 2', part(1, 2)],
  ])('%s is a part', (range, expected) => {
    expect(ask(range)).toEqual(expected);
  });

  test.each(['bytes=1000-', 'bytes=1000-2000', 'bytes=-0'])('%s lies outside', (range) => {
    expect(ask(range)).toEqual({ kind: 'unsatisfiable' });
  });

  test.each(['bytes=0-1,5-6', 'bytes=', 'bytes=-', 'bytes=9-1', 'items=0-1', 'bytes=a-b', 'bytes=0x1-2', ''])(
    '%j gets the whole file',
    (range) => {
      expect(ask(range)).toEqual({ kind: 'whole' });
    },
  );

  test('no header gets the whole file', () => {
    expect(ask()).toEqual({ kind: 'whole' });
  });

  test('If-Range with our tag keeps the range, with another it does not', () => {
    expect(ask('bytes=0-9', etag)).toEqual(part(0, 9));
    expect(ask('bytes=0-9', '"other"')).toEqual({ kind: 'whole' });
    expect(ask('bytes=0-9', 'Sat, 21 Nov 2026 00:00:00 GMT')).toEqual({ kind: 'whole' });
  });

  test('an empty file has no part', () => {
    expect(ask('bytes=0-', undefined, 0)).toEqual({ kind: 'unsatisfiable' });
    expect(ask('bytes=-1', undefined, 0)).toEqual({ kind: 'unsatisfiable' });
  });
});
