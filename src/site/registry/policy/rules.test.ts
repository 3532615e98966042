import { describe, expect, it } from 'vitest';
import { NegativeCache } from './negative-cache.ts';
import { parseQuota, pauseMs, whyNotPrefetch } from './pacing.ts';
import { isRealmAllowed } from './realm.ts';
import { formatTokenKey, tokenUntil } from './token-life.ts';

describe('token services', () => {
  const place = (url: string) => new URL(url);
  it.each([
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
    ['https://ghcr.io', 'https://ghcr.io/token', true],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
    ['http://10.0.0.5:5000', 'http://10.0.0.5:5001/token', true],
    ['https://registry.shop.co.uk', 'https://auth.shop.co.uk/token', true],
    ['https://registry.shop.co.uk', 'https://evil.co.uk/token', false],
    ['https://registry.example.com', 'https://evil.com/token', false],
    ['https://example.com', 'https://example.com.evil.com/', false],
    ['https://registry.example.com', 'http://registry.example.com/token', false],
    ['http://registry', 'http://auth/token', false],
    ['http://10.0.0.5', 'http://10.1.0.5/token', false],
    ['https://registry.example.com', 'ftp://registry.example.com/', false],
  ])('%s may name %s: %s', (registry, realm, isAllowed) => {
    expect(isRealmAllowed(place(registry), place(realm), [])).toBe(isAllowed);
  });

  it('may be those that the template names, but not in clear', () => {
    const [registry, allowed] = [place('https://nvcr.io'), ['authn.nvidia.com']];
    expect(isRealmAllowed(registry, place('https://authn.nvidia.com/token'), allowed)).toBe(true);
    expect(isRealmAllowed(registry, place('http://authn.nvidia.com/token'), allowed)).toBe(false);
  });
});

describe('tokens', () => {
  it.each([
    [300, 290_000],
    [undefined, 50_000],
    [0, 50_000],
    [4, 3_000],
    [1e9, 3_590_000],
  ])('of %s seconds are used for %i ms', (seconds, ms) => {
    expect(tokenUntil(1_000, seconds) - 1_000).toBe(ms);
  });

  it('are the same for the same door, however it is written', () => {
    const key = { realm: 'r', scopes: ['a', 'b'] };
    expect(formatTokenKey(key)).toBe(formatTokenKey({ realm: 'r', scopes: ['b', 'a'] }));
    expect(formatTokenKey(key)).not.toBe(formatTokenKey({ ...key, user: 'u' }));
    expect(formatTokenKey({ ...key, service: 'u' })).not.toBe(formatTokenKey({ ...key, user: 'u' }));
  });
});

describe('the pace of a registry', () => {
  it.each([
    [429, 7_000, 7_000],
    [429, undefined, 30_000],
    [429, 0, 1_000],
    [429, 86_400_000, 600_000],
    [503, 7_000, 7_000],
    [503, undefined, 0],
    [200, 7_000, 0],
  ])('after %i with %s it is left alone for %i ms', (status, retryAfterMs, ms) => {
    expect(pauseMs({ status, retryAfterMs })).toBe(ms);
  });

  it('keeps the last tenth for who waits', () => {
    expect(parseQuota('100;w=21600', '76;w=21600')).toEqual({ limit: 100, remaining: 76 });
    expect(parseQuota('100', undefined)).toBeUndefined();
    expect(parseQuota('many', '1')).toBeUndefined();
    const reasons = [undefined, 100, 11, 10].map((left) => whyNotPrefetch(parseQuota('100', left?.toString())));
    expect(reasons.map((reason) => reason === undefined)).toEqual([true, true, true, false]);
  });
});

it('what is missing is known for a quarter of a minute', () => {
  const cache = new NegativeCache();
  cache.add('a', 1_000);
  expect([cache.has('a', 15_999), cache.has('a', 16_000), cache.has('b', 1_000)]).toEqual([true, false, false]);
});
