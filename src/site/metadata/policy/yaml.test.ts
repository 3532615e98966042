import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatYaml, type YamlMap } from './yaml.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);

describe('formatYaml', () => {
  it('writes blocks a person can read, with every text in quotes', () => {
    const value: YamlMap = {
      version: 2,
      ethernets: { lan0: { match: { macaddress: '52:54:00:12:34:56' }, dhcp4: true, addresses: [], routes: {} } },
      list: ['no', '010', 1.5, { deep: ['x'] }],
      on: 'a "quoted" \\ text\nand a line',
    };
    expect(formatYaml(value)).toMatchInlineSnapshot(`
      "version: 2
      ethernets:
        lan0:
          match:
            macaddress: "52:54:00:12:34:56"
          dhcp4: true
          addresses: []
          routes: {}
      list:
        - "no"
        - "010"
        - 1.5
        -
          deep:
            - "x"
      "on": "a \\"quoted\\" \\\\ text\\x0Aand a line"
      "
    `);
  });

  it.each([
    'no',
    '1:20',
    '52:54:00:00:00:01',
    '010',
    '1e3',
    '~',
    'null',
    '',
    ' x ',
    '\u0085\u2028',
    '😀',
    '\u0000',
    '# x',
    'a: b',
    '%',
    '@x',
  ])('%j stays a text for readers of 1.1 and of 1.2', (text) => {
    const written = formatYaml({ key: text });
    expect(parse(written, { version: '1.1' })).toEqual({ key: text });
    expect(parse(written, { version: '1.2' })).toEqual({ key: text });
  });

  it('an empty map is one', () => expect(formatYaml({})).toBe('{}\n'));

  it('is read as it was meant, by both versions, in printable ASCII', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('map'),
      ),
      map: fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    }));
    const map = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(map, (original) => {
        fc.pre(!JSON.stringify(original).includes('__proto__'));
        const written = formatYaml(original as YamlMap);
        expect(/^[\x20-\x7e\n]*$/.test(written)).toBe(true);
        for (const version of ['1.1', '1.2'] as const)
          expect(parse(written, { version, merge: false })).toEqual(original);
      }),
      { seed },
    );
  });
});
