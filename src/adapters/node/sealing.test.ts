import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSealingKeys, isSealingKey, open, type Sealed, seal } from './sealing.ts';

const seed = new Uint8Array(32).fill(7);
const keys = createSealingKeys();
const as = { site: 'store-0417', name: 'joinToken' };
const sealed = seal('geheim', { ...as, recipient: keys.publicKey }, seed);

test('opens for the site and name that it was sealed for', () => {
  expect(open(sealed, as, keys)).toEqual({ ok: true, value: 'geheim' });
  expect(isSealingKey(keys.publicKey)).toBe(true);
  expect(isSealingKey('short')).toBe(false);
});

test('any text comes back as it was, and its sealed bytes do not hold it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const one = seal(value, { ...as, recipient: keys.publicKey }, seed);
      expect(open(one, as, keys)).toEqual({ ok: true, value });
      if (value.length > 8) expect(Buffer.from(one.ciphertext, 'base64').toString('utf8')).not.toContain(value);
    }),
    { numRuns: 40 },
  );
});

test('opens as nothing else: not for another site, name or box', () => {
  expect(open(sealed, { ...as, site: 'store-0418' }, keys)).toMatchObject({ ok: false });
  expect(open(sealed, { ...as, name: 'otherToken' }, keys)).toMatchObject({ ok: false });
  // Names that run into each other are told apart.
  expect(open(sealed, { site: 'store-0417\njoinToken', name: '' }, keys)).toMatchObject({ ok: false });
  const other = createSealingKeys();
  expect(open(sealed, as, other)).toEqual({ ok: false, error: expect.stringContaining('for another box') });
  expect(open({ ...sealed, recipient: other.publicKey }, as, other)).toMatchObject({ ok: false });
});

test('a changed bit anywhere is noticed', () => {
  const parts: readonly (keyof Sealed)[] = ['ephemeralKey', 'nonce', 'ciphertext'];
  for (const part of parts) {
    const length = Buffer.from(sealed[part], 'base64').length;
    for (let at = 0; at < length; at++) {
      const bytes = Buffer.from(sealed[part], 'base64');
      // The highest bit of an X25519 key means nothing (RFC 7748, section 5); its text is part of the key all the same.
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(open({ ...sealed, [part]: bytes.toString('base64') }, as, keys)).toMatchObject({ ok: false });
    }
    expect(open({ ...sealed, [part]: '' }, as, keys)).toMatchObject({ ok: false });
  }
});

test('the same secret is the same bytes; another value, name, recipient or seed shares nothing', () => {
  const again = (value = 'geheim', name = as.name, recipient = keys.publicKey, from = seed): Sealed =>
    seal(value, { site: as.site, name, recipient }, from);
  expect(again()).toEqual(sealed);
  const others = [
    again('geheim2'),
    again('geheim', 'otherToken'),
    again('geheim', as.name, createSealingKeys().publicKey),
    again('geheim', as.name, keys.publicKey, new Uint8Array(32)),
  ];
  for (const other of others) {
    expect(other.ephemeralKey).not.toBe(sealed.ephemeralKey);
    expect(other.nonce).not.toBe(sealed.nonce);
  }
});
