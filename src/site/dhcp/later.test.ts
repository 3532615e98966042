import { expect, it } from 'vitest';
import { TestClock } from '../../../test/packets/ports.ts';
import { Later } from './later.ts';

it('is done after its time, once for each name that waits', async () => {
  const clock = new TestClock();
  const later = new Later(clock);
  const done: string[] = [];
  later.do('a', 1000, () => done.push('a1'));
  later.do('a', 1000, () => done.push('a2'));
  later.do('b', 500, () => done.push('b'));
  await clock.pass(999);
  expect(done).toEqual(['b']);
  await clock.pass(1);
  expect(done).toEqual(['b', 'a1']);
  later.do('a', 1000, () => done.push('a3'));
  await clock.pass(1000);
  expect(done).toEqual(['b', 'a1', 'a3']);
});

it('lets only so many wait, and forgets those that do', async () => {
  const clock = new TestClock();
  const later = new Later(clock);
  let done = 0;
  for (let n = 0; n < 300; n++) later.do(`${n}`, 1000, () => done++);
  expect([done, clock.timers]).toEqual([44, 256]);
  later.clear();
  await clock.pass(2000);
  expect([done, clock.timers]).toEqual([44, 0]);
});
