import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lines } from './lines.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const text = (line: { readonly bytes: Uint8Array }): string => String.fromCharCode(...line.bytes);

describe('a stream becomes lines', () => {
  it('whose ends may be of either kind, and which may come in pieces', () => {
    const lines = new Lines(16);
    expect(lines.push(bytes('one\r\ntw')).map(text)).toEqual(['one']);
    expect(lines.push(bytes('o\n\nthree')).map(text)).toEqual(['two']);
    expect(lines.push(bytes('\n')).map(text)).toEqual(['three']);
  });

  it('of which a long one is cut, and the next one is whole', () => {
    const lines = new Lines(4);
    expect(lines.push(bytes('12345'))).toEqual([]);
    const [first, second, ...more] = lines.push(bytes('67890\n1234\n'));
    expect([first && text(first), first?.cut]).toEqual(['1234', true]);
    expect([second && text(second), second?.cut]).toEqual(['1234', false]);
    expect(more).toEqual([]);
  });

  it('however it is cut into pieces', () => {
    const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const lines = new Lines(8);
        const heard = parts.flatMap((part) => lines.push(bytes(part)).map(text));
        const whole = parts.join('').split('\n').slice(0, -1);
        expect(heard).toEqual(whole.filter((line) => line !== '').map((line) => line.slice(0, 8)));
      }),
      { seed },
    );
  });
});
