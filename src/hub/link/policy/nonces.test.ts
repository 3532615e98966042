import { expect, test } from 'vitest';
import { MOST_SKEW_MS, NonceWindow } from './nonces.ts';

test('a nonce is new once, for each site by itself', () => {
  const window = new NonceWindow(0);
  expect(window.see('a', '01', 0)).toBe('new');
  expect(window.see('a', '01', 1)).toBe('replayed');
  expect(window.see('b', '01', 1)).toBe('new');
});

test('a nonce is remembered for as long as its request would not be refused for its time', () => {
  const window = new NonceWindow(0);
  const shownAt = 2 * MOST_SKEW_MS - 1;
  expect(window.see('a', '01', shownAt)).toBe('new');
  expect(window.see('a', '01', shownAt + 2 * MOST_SKEW_MS)).toBe('replayed');
});

test('what is older than two windows is forgotten, so that memory is bounded', () => {
  const window = new NonceWindow(0);
  window.see('a', '01', 0);
  expect(window.see('a', '01', 10 * MOST_SKEW_MS)).toBe('new');
});

test('a site that asks too much is slowed down alone', () => {
  const window = new NonceWindow(0, 2);
  window.see('a', '01', 0);
  window.see('a', '02', 0);
  expect(window.see('a', '03', 0)).toBe('full');
  expect(window.see('b', '03', 0)).toBe('new');
  expect(window.see('a', '03', 2 * MOST_SKEW_MS)).toBe('new');
});

test('a clock that was wrong by years when head office started, and was set right, slows nobody down', () => {
  const window = new NonceWindow(Date.UTC(2038, 0, 1), 2);
  const now = Date.UTC(2026, 0, 1);
  window.see('a', '01', now);
  window.see('a', '02', now);
  expect(window.see('a', '02', now + 1)).toBe('replayed');
  expect(window.see('a', '03', now + 2 * MOST_SKEW_MS)).toBe('new');
});
