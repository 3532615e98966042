import { expect, it } from 'vitest';
import { TestClock, TestLog } from '../../test/packets/ports.ts';
import { ip, SITE } from '../../test/packets/world.ts';
import { AppError } from '../kernel/errors.ts';
import { startAddressWatch } from './address-watch.ts';

function setUp() {
  const clock = new TestClock();
  const log = new TestLog();
  const machine = { hasLink: true, address: SITE.address as string | undefined, begun: 0 };
  const watch = startAddressWatch({
    ...{ clock, log, addresses: () => [SITE] },
    has: ({ address }) => machine.hasLink && machine.address === address,
    locate: () => {
      if (machine.address !== undefined) return [{ ...SITE, address: ip(machine.address) }];
      throw new AppError('interface-without-address', 'eth0 has no address in 10.7.0.0/24');
    },
    beginAnew: async () => {
      machine.begun += 1;
    },
  });
  return { clock, log, machine, watch };
}

it('a cable that is pulled is no news', async () => {
  const { clock, log, machine, watch } = setUp();
  machine.hasLink = false;
  await clock.pass(10_000);
  expect([watch.problem(), log.lines, machine.begun]).toEqual([undefined, [], 0]);
  watch.stop();
});

it('an address that goes is said, and that it is back', async () => {
  const { clock, log, machine, watch } = setUp();
  machine.address = undefined;
  await clock.pass(30_000);
  expect(watch.problem()).toContain('eth0 has no address in 10.7.0.0/24');
  machine.address = SITE.address;
  await clock.pass(3_000);
  expect([watch.problem(), machine.begun]).toEqual([undefined, 0]);
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  watch.stop();
  expect(clock.timers).toBe(0);
});

it('another address begins the site anew, when it was there at two looks', async () => {
  const { clock, machine, watch } = setUp();
  machine.address = '10.7.0.9';
  await clock.pass(3_000);
  expect(machine.begun).toBe(0);
  expect(watch.problem()).toBe('this machine has now 10.7.0.9 (nodes), and the site serves at 10.7.0.1 (nodes)');
  await clock.pass(3_000);
  expect(machine.begun).toBe(1);
  watch.stop();
});
