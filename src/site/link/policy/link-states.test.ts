import { expect, test } from 'vitest';
import { type LinkEvent, type LinkState, nextLinkState, pollDelayMs, retryDelayMs } from './link-states.ts';

test.each([
  ['waiting', 'due', 'time'],
  ['waiting', 'woken', 'time'],
  ['idle', 'woken', 'time'],
  ['time', 'done', 'identity'],
  ['time', 'failed', 'waiting'],
  ['identity', 'done', 'hello'],
  ['identity', 'moved', 'time'],
  ['identity', 'need-code', 'idle'],
  ['identity', 'failed', 'waiting'],
  ['hello', 'done', 'online'],
  ['hello', 'aside', 'waiting'],
  ['hello', 'failed', 'waiting'],
  ['online', 'again', 'hello'],
  ['online', 'moved', 'time'],
  ['online', 'failed', 'waiting'],
] as const)('%s: %s leads to %s', (state: LinkState, event: LinkEvent, next: LinkState) => {
  expect(nextLinkState(state, event)).toBe(next);
});

test('what is not listed changes nothing', () => {
  expect(nextLinkState('online', 'due')).toBe('online');
  expect(nextLinkState('idle', 'due')).toBe('idle');
});

test('waits are drawn from zero to a bound that doubles up to five minutes', () => {
  expect(retryDelayMs(1, 0, 0)).toBe(0);
  expect(retryDelayMs(1, 0, 0.999999)).toBe(1_999);
  expect(retryDelayMs(4, 0, 0.5)).toBe(8_000);
  expect(retryDelayMs(1_000, 0, 0.5)).toBe(150_000);
});

test('what head office asks for is waited first, but never longer than the longest wait', () => {
  expect(retryDelayMs(1, 10_000, 0.5)).toBe(11_000);
  expect(retryDelayMs(1, 4_000_000_000, 0)).toBe(300_000);
});

test('a poll comes in the second half of what was asked for, never at once and never in days', () => {
  expect(pollDelayMs(60_000, 0)).toBe(30_000);
  expect(pollDelayMs(60_000, 1)).toBe(60_000);
  expect(pollDelayMs(0, 0)).toBe(125);
  expect(pollDelayMs(4_294_967_295, 1)).toBe(3_600_000);
});
