import { describe, expect, test } from 'vitest';
import { createRedactor } from './redactor.ts';

function knowing(...secrets: readonly string[]) {
  const redactor = createRedactor();
  for (const secret of secrets) redactor.learn(secret);
  return redactor;
}

describe('a redactor', () => {
  test('takes out what it knows, as it is, in JSON and in an address', () => {
    const { redact } = knowing('geheim "1"&2');
    expect(redact('a geheim "1"&2 b')).toBe('a [hidden] b');
    expect(redact(JSON.stringify({ token: 'geheim "1"&2' }))).toBe('{"token":"[hidden]"}');
    expect(redact(`/x?t=${encodeURIComponent('geheim "1"&2')}`)).toBe('/x?t=[hidden]');
  });

  test('takes out the longer one first, and each long line of a key', () => {
    const key = '-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG\n9w0BAQEFAASCAUAwggE8\n-----END KEY-----';
    const { redact } = knowing('geheim', 'geheim-und-mehr', key);
    expect(redact('x geheim-und-mehr')).toBe('x [hidden]');
    expect(redact('line 9w0BAQEFAASCAUAwggE8')).toBe('line [hidden]');
    expect(redact('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----');
  });

  test('forgets no secret for the many lines of another one', () => {
    const bundle = Array.from({ length: 3_000 }, (_, i) => `line-of-a-bundle-${i}`).join('\n');
    const { redact } = knowing('geheim-1', bundle);
    expect(redact('geheim-1, line-of-a-bundle-7, line-of-a-bundle-2999')).toBe('[hidden], [hidden], [hidden]');
    expect(redact(`x ${bundle} y`)).toBe('x [hidden] y');
  });

  test('forgets those first that were not used for longest', () => {
    const redactor = knowing('old-but-used', 'old-and-gone');
    for (let i = 0; i < 999; i++) {
      redactor.learn(`newer-${i}`);
      redactor.learn('old-but-used');
    }
    expect(redactor.redact('old-but-used old-and-gone newer-998')).toBe('[hidden] old-and-gone [hidden]');
  });

  test('takes out what two of them share', () => {
    const { redact } = knowing('geheim-und-mehr', 'mehr-noch-dazu');
    expect(redact('geheim-und-mehr-noch-dazu!')).toBe('[hidden]!');
  });

  test('leaves the beginning of a secret: hidden too, it would tell a guesser of each letter that is right', () => {
    const { redact } = knowing('geheim-und-mehr');
    expect(redact('token: geheim-und')).toBe('token: geheim-und');
  });

  test('takes out what stood in several lines and came in one', () => {
    const { redact } = knowing('user: kim\npass: short7\n');
    expect(redact('said user: kim pass: short7')).toBe('said [hidden]');
  });

  test('leaves what is too short to be told from a word, and half a character', () => {
    const { redact } = knowing('root', '\ud800lonely');
    expect(redact('the root of \ud800lonely')).toBe('the root of [hidden]');
  });

  test('goes through plain values and leaves all others as they are', () => {
    const { redactAll } = knowing('geheim-1');
    const error = new Error('geheim-1');
    expect(redactAll({ a: ['geheim-1', 1], b: { c: 'geheim-1!' }, error, none: undefined })).toEqual({
      a: ['[hidden]', 1],
      b: { c: '[hidden]!' },
      error,
      none: undefined,
    });
  });
});
