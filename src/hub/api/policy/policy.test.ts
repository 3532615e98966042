import { describe, expect, it } from 'vitest';
import { whyForeign } from './origin.ts';
import { mayDo, ROLES } from './roles.ts';
import { WrongTokens } from './wrong-tokens.ts';

describe('where a request is from', () => {
  const own = { origin: undefined, fetchSite: undefined };
  it.each(['127.0.0.1:8440', 'localhost:8440', '[::1]:8440', '10.0.0.9', 'Hub.Example.com:8440'])(
    'may be addressed to %s',
    (host) => {
      expect(whyForeign({ ...own, host }, ['hub.example.com'], 'http')).toBeUndefined();
    },
  );
  it.each(['rebound.example.net', 'localhost.example.net:8440', '10.0.0.9.example.net', '', undefined])(
    'may not be addressed to %s',
    (host) => {
      expect(whyForeign({ ...own, host }, ['hub.example.com'], 'http')).toMatch(/not addressed/);
    },
  );
  it('may be this very page and no other', () => {
    const host = '127.0.0.1:8440';
    const from = (origin: string) => whyForeign({ host, origin, fetchSite: undefined }, [], 'http');
    expect(from('http://127.0.0.1:8440')).toBeUndefined();
    expect(from('https://127.0.0.1:8440')).toMatch(/somebody else/);
    expect(from('null')).toMatch(/somebody else/);
    expect(whyForeign({ host, origin: undefined, fetchSite: 'cross-site' }, [], 'http')).toMatch(/somebody else/);
    expect(whyForeign({ host, origin: undefined, fetchSite: 'none' }, [], 'http')).toBeUndefined();
  });
});

describe('roles', () => {
  it('hold what the lesser ones hold', () => {
    const table = ROLES.map((has) => ROLES.map((needs) => mayDo(has, needs)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});

describe('wrong tokens', () => {
  it('lock their address, and only it, for the rest of a minute', () => {
    const wrong = new WrongTokens();
    for (let n = 0; n < 10; n++) {
      expect(wrong.isLocked('a', 1_000 + n)).toBe(false);
      wrong.note('a', 1_000 + n);
    }
    expect([wrong.isLocked('a', 2_000), wrong.isLocked('b', 2_000), wrong.isLocked('a', 61_000)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are remembered of a thousand addresses', () => {
    const wrong = new WrongTokens();
    for (let n = 0; n < 10; n++) wrong.note('first', 0);
    for (let n = 0; n < 1_000; n++) wrong.note(`other-${n}`, 1);
    expect(wrong.isLocked('first', 2)).toBe(false);
  });
});
