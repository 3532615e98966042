import { describe, expect, it } from 'vitest';
import { TestClock, TestLog } from '../../test/packets/ports.ts';
import { revision, SITE } from '../../test/packets/world.ts';
import { startTimeWatch } from './time-watch.ts';

async function watch(ntp: readonly ('site' | never)[] = ['site']) {
  const clock = new TestClock();
  const log = new TestLog();
  const server = { answers: false, asked: 0 };
  const parts = {
    ...{ clock, log, addresses: () => [SITE] },
    revisions: { current: () => revision({ network: { ntp } }) },
    answersTime: async () => {
      server.asked++;
      return server.answers;
    },
  };
  return { clock, log, server, watch: await startTimeWatch(parts) };
}

describe('the time of the site', () => {
  it('is offered while an NTP server answers, and each change is told once', async () => {
    const { clock, log, server, watch: time } = await watch();
    expect(time.servesTime('nodes')).toBe(false);
    server.answers = true;
    await clock.pass(60_000);
    expect(time.servesTime('nodes')).toBe(true);
    await clock.pass(180_000);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    server.answers = false;
    await clock.pass(60_000);
    expect(time.servesTime('nodes')).toBe(false);
    time.stop();
    expect(clock.timers).toBe(0);
  });

  it('is not asked for where no template offers it', async () => {
    const { clock, server, watch: time } = await watch([]);
    await clock.pass(120_000);
    expect([server.asked, time.servesTime('nodes')]).toEqual([0, false]);
    time.stop();
  });
});
