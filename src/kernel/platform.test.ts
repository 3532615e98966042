import { expect, it } from 'vitest';
import { formatPlatform, isForPlatform, type Platform, parsePlatform } from './platform.ts';

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

it('reads and says platforms', () => {
  for (const text of ['linux/amd64', 'linux/arm64/v8']) expect(formatPlatform(platform(text))).toBe(text);
  for (const text of ['linux', 'linux/', 'linux/a/b/c', 'Linux/amd64']) expect(parsePlatform(text)).toBeUndefined();
});

it.each([
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm/v7', 'linux/arm', true],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/amd64', 'windows/amd64', false],
])('who wants %s takes %s: %s', (wanted, offered, fits) => {
  expect(isForPlatform(platform(wanted), platform(offered))).toBe(fits);
});
