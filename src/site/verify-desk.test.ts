import { expect, it } from 'vitest';
import { SampleClock, SampleLog, T0 } from '../../test/support/sample-site.ts';
import type { ScrubReport } from '../model/content.ts';
import { createVerifyDesk } from './verify-desk.ts';

function world() {
  const clock = new SampleClock();
  const looks: PromiseWithResolvers<ScrubReport>[] = [];
  const rounds: unknown[] = [];
  const scrub = () => {
    const look = Promise.withResolvers<ScrubReport>();
    looks.push(look);
    return look.promise;
  };
  const changed = (options?: object): void => void rounds.push(options);
  const desk = createVerifyDesk({ content: { scrub }, wanted: { changed }, clock, log: new SampleLog() });
  return { desk, clock, looks, rounds };
}
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
};

it('reads all again, once at a time, and has what was damaged fetched', async () => {
  const { desk, clock, looks, rounds } = world();
  expect(desk.view()).toBeUndefined();
  desk.begin();
  desk.begin();
  expect([looks.length, desk.view()]).toEqual([1, { since: T0 }]);
  clock.pass(5_000);
  looks[0]?.resolve({ files: 12, damaged: 0 });
  await settle();
  expect([desk.view(), rounds]).toEqual([{ since: T0, endedAt: T0 + 5_000, files: 12, damaged: 0 }, []]);
  desk.begin();
  looks[1]?.resolve({ files: 12, damaged: 2 });
  await settle();
  expect([desk.view()?.damaged, rounds]).toEqual([2, [{ now: true }]]);
});

it('says why it could not', async () => {
  const { desk, looks } = world();
  desk.begin();
  looks[0]?.reject(new Error('the thread is gone'));
  await settle();
  expect(desk.view()?.because).toContain('the thread is gone');
});
