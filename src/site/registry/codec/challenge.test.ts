import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bearerOf, offersBasic, parseChallenges } from './challenge.ts';

describe('challenges', () => {
  it('reads that of Docker Hub', () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"';
    expect(bearerOf(parseChallenges(header))).toEqual({
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      scopes: ['repository:library/debian:pull'],
    });
  });

  it('reads several, in one header and in any case', () => {
    const header =
      'Negotiate, NTLM abc==, BASIC realm="a \\"b\\", c", bearer Realm=https://t/x , Scope="a:b:pull,push c:d:e"';
    const read = parseChallenges(header);
    expect(read.map(({ scheme }) => scheme)).toEqual(['negotiate', 'ntlm', 'basic', 'bearer']);
    expect(read[2]?.params['realm']).toBe('a "b", c');
    expect(offersBasic(read)).toBe(true);
    expect(bearerOf(read)).toEqual({ realm: 'https://t/x', scopes: ['a:b:pull,push', 'c:d:e'] });
  });

  it('takes the first of what is said twice, and nothing from a bearer without realm', () => {
    expect(bearerOf(parseChallenges('Bearer realm="a",realm="b"'))?.realm).toBe('a');
    expect(bearerOf(parseChallenges('Bearer service="a"'))).toBeUndefined();
    expect(parseChallenges('Bearer realm="unclosed')).toEqual([{ scheme: 'bearer', params: {} }]);
  });

  it('ends, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB=," \\;'), maxLength: 40 }), (text) => {
        expect(parseChallenges(text).length).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 300 },
    );
  });
});
