import { expect, it } from 'vitest';
import { within } from './within.ts';

function createTimer() {
  let run: (() => void) | undefined;
  const after = (_delayMs: number, wanted: () => void) => {
    run = wanted;
    return () => {
      run = undefined;
    };
  };
  return { after, ring: () => run?.(), isRunning: () => run !== undefined };
}

it('waits for the work, and leaves no timer', async () => {
  const timer = createTimer();
  expect(await within(Promise.resolve(), 10, timer)).toBe(true);
  expect(timer.isRunning()).toBe(false);
});

it('waits no longer than it was told', async () => {
  const timer = createTimer();
  const waited = within(new Promise(() => {}), 10, timer);
  timer.ring();
  expect(await waited).toBe(false);
});

it('fails as the work does, and leaves no timer', async () => {
  const timer = createTimer();
  await expect(within(Promise.reject(new Error('no')), 10, timer)).rejects.toThrow('no');
  expect(timer.isRunning()).toBe(false);
});
