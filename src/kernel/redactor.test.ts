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
