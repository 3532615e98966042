import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatImageReference,
  parseImageReference,
  parseReference,
  parseRepository,
  parseTag,
  parseUpstreamName,
} from './image-name.ts';

const hex = 'ab'.repeat(32);

describe('names of images', () => {
  it.each([
    ['debian', 'docker.io/library/debian:latest'],
    ['org/app:1.4', 'docker.io/org/app:1.4'],
    ['Registry-1.docker.io/debian:12', 'docker.io/library/debian:12'],
    ['index.docker.io/library/debian:12', 'docker.io/library/debian:12'],
    ['Registry.example.com/pos/app:1.4', 'registry.example.com/pos/app:1.4'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['[fd00::1]:5000/app', '[fd00::1]:5000/app:latest'],
    [`quay.io/org/app@sha256:${hex}`, `quay.io/org/app@sha256:${hex}`],
    [`quay.io/org/app:1@sha256:${hex}`, `quay.io/org/app@sha256:${hex}`],
  ])('%s is %s', (text, full) => {
    const parsed = parseImageReference(text);
    expect(parsed && formatImageReference(parsed)).toBe(full);
    expect(parseImageReference(full)).toEqual(parsed);
  });

  it.each([
    '',
    'App',
    'a//b',
    '/a',
    'a:',
    'a:b:c',
    'a@sha256:12',
    'a@b@c',
    'quay.io/',
    'a b',
    '-a.io/x',
    'a/../b',
    'a:-x',
  ])('refuses %j', (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });

  it('has the grammar of the spec', () => {
    for (const good of ['a', 'a.b', 'a_b', 'a__b', 'a---b', 'a/b/c0']) expect(parseRepository(good), good).toBe(good);
    for (const bad of ['a___b', '.a', 'a.', 'a..b', 'a/', 'A', 'a'.repeat(256)])
      expect(parseRepository(bad), bad).toBeUndefined();
    expect(parseTag('_'.repeat(128))).toBeDefined();
    expect(parseTag('_'.repeat(129))).toBeUndefined();
    expect(parseReference(`sha256:${hex}`)).toEqual({ kind: 'digest', digest: hex });
    expect(parseReference(hex)).toEqual({ kind: 'tag', tag: hex });
    expect(parseUpstreamName('REGISTRY-1.docker.io')).toBe('docker.io');
    expect(parseUpstreamName('a.example.com/b')).toBeUndefined();
  });

  it('says what it read, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB0.-_/:@'), maxLength: 12 }), (text) => {
        const parsed = parseImageReference(text);
        if (parsed) expect(parseImageReference(formatImageReference(parsed))).toEqual(parsed);
      }),
      { numRuns: 300 },
    );
  });
});
