import { expect, it } from 'vitest';
import { settled } from '../../test/packets/ports.ts';
import { SampleClock, SampleLog, SampleStore } from '../../test/support/sample-site.ts';
import { AppError } from '../kernel/errors.ts';
import { startRetention } from './retention.ts';

const HOUR_MS = 3_600_000;

function setUp(prune: () => Promise<{ events: number; unacked: number; boots: number }>) {
  const [clock, log, store] = [new SampleClock(), new SampleLog(), new SampleStore()];
  store.prune = prune;
  const stop = startRetention({ store, clock, log, isSteered: false });
  const hour = async () => {
    clock.pass(HOUR_MS);
    await settled();
  };
  return { clock, log, stop, hour };
}

it('drops what is old once an hour, and goes on after a failure', async () => {
  let turns = 0;
  const { log, hour, stop } = setUp(async () => {
    turns += 1;
    if (turns === 1) throw new AppError('disk-full', 'no room');
    return { events: 3, unacked: 0, boots: 1 };
  });
  expect(turns).toBe(0);
  await hour();
  await hour();
  expect(log.lines).toMatchObject([
    { level: 'warn', fields: { reason: 'no room' } },
    { level: 'info', fields: { events: 3, unacked: 0, boots: 1 } },
  ]);
  stop();
});

it('leaves no timer behind when it is stopped in the middle of its work', async () => {
  let finish: (done: { events: number; boots: number; unacked: number }) => void = () => undefined;
  const { clock, hour, stop } = setUp(() => new Promise((resolve) => (finish = resolve)));
  await hour();
  stop();
  finish({ events: 0, boots: 0, unacked: 0 });
  await settled();
  expect(clock.timers).toBe(0);
});
