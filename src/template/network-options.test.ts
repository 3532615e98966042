import { describe, expect, test } from 'vitest';
import { Context } from './context.ts';
import { encodeOptions } from './network-options.ts';
import { Problems, Spots } from './places.ts';
import type { OptionValue } from './schema-parts.ts';

function encode(options: Readonly<Record<string, OptionValue>>) {
  const problems = new Problems(new Spots(), 't.yaml');
  const encoded = encodeOptions([], options, { vars: { zone: 'UTC' } }, new Context(problems));
  return {
    encoded: encoded.map(({ code, bytes }) => [code, ...bytes]),
    problems: problems.list.map((one) => one.message),
  };
}

describe('encodeOptions', () => {
  test.each<[string, OptionValue, readonly number[]]>([
    ['root-path', '/srv', [17, 47, 115, 114, 118]],
    ['tzdb-timezone', '{{ vars.zone }}', [101, 85, 84, 67]],
    ['time-offset', -3600, [2, 255, 255, 241, 240]],
    ['log-servers', ['10.0.0.1', '10.0.0.2'], [7, 10, 0, 0, 1, 10, 0, 0, 2]],
    ['domain-search', ['a.example'], [119, 1, 97, 7, 101, 120, 97, 109, 112, 108, 101, 0]],
    [
      'classless-routes',
      ['10.9.0.0/16 via 10.0.0.1', '0.0.0.0/0 via 10.0.0.2'],
      [121, 16, 10, 9, 10, 0, 0, 1, 0, 10, 0, 0, 2],
    ],
    ['224', { hex: '0a:0B 0c' }, [224, 10, 11, 12]],
    ['225', { text: 'hi' }, [225, 104, 105]],
    ['226', { ips: ['10.0.0.1'] }, [226, 10, 0, 0, 1]],
    ['227', { uint8: 255 }, [227, 255]],
    ['228', { uint16: 258 }, [228, 1, 2]],
    ['229', { uint32: 4294967295 }, [229, 255, 255, 255, 255]],
  ])('%s: %j', (key, value, bytes) => {
    expect(encode({ [key]: value })).toEqual({ encoded: [bytes], problems: [] });
  });

  test.each<[string, OptionValue]>([
    ['root-path', 'ä'],
    ['root-path', ['a']],
    ['root-path', 'x'.repeat(256)],
    ['log-servers', ['10.0.0.1', 'x']],
    ['log-servers', []],
    ['domain-search', ['a..b']],
    ['classless-routes', ['10.9.0.0/16']],
    ['224', { hex: '0' }],
    ['224', { hex: '' }],
    ['224', { uint8: 256 }],
    ['224', { uint8: -1 }],
    ['224', { uint8: 1, hex: '01' }],
    ['224', {}],
    ['256', { hex: '01' }],
    ['0', { hex: '01' }],
    ['255', { hex: '01' }],
    ['53', { hex: '01' }],
    ['gateway', '10.0.0.1'],
    ['constructor', 'x'],
  ])('refuses %s: %.20j', (key, value) => {
    const { encoded, problems } = encode({ [key]: value });
    expect(encoded).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  test('options are in order of their codes', () => {
    expect(encode({ wpad: 'x', '17': { text: 'a' } }).encoded.map(([code]) => code)).toEqual([17, 252]);
  });
});
