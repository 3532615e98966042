import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(resolve(import.meta.dirname, 'style.css'), 'utf8');
const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body);

/** Text on what it stands on. */
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...['ground', 'sheet'].flatMap((ground) => ['ink', 'soft', 'accent', 'bad'].map((text) => [text, ground] as const)),
  ...['good', 'busy', 'note', 'bad'].map((tone) => [tone, `${tone}-ground`] as const),
  ...['good', 'busy', 'note', 'bad', 'soft'].map((tone) => ['sheet', tone] as const),
  ...['good', 'busy', 'note'].map((tone) => [tone, 'ground'] as const),
  ['on-accent', 'accent'],
];

describe.each([
  ['light', light],
  ['dark', dark],
])('in %s colours', (_name, body) => {
  it.each(PAIRS)('%s on %s can be read (WCAG 1.4.3: 4.5 to 1)', (text, ground) => {
    expect(contrast(colour(body, text), colour(body, ground))).toBeGreaterThanOrEqual(4.5);
  });
});

describe('the style of the page', () => {
  it('moves nothing, and fetches nothing', () => {
    expect(css).not.toMatch(/animation|transition|url\(|@import|@font-face/);
  });
});

function colour(body: string, name: string): readonly number[] {
  const hex = new RegExp(`--${name}: #([0-9a-f]+);`).exec(body)?.[1] ?? '';
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
  if (full.length !== 6) throw new Error(`no colour ${name}`);
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255);
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [dim = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dim + 0.05);
}

function luminance(rgb: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
