import { describe, expect, it } from 'vitest';
import { Bench, MAC } from '../../../test/packets/bench.ts';
import { TestClock, TestLog, TestUdp } from '../../../test/packets/ports.ts';
import { SITE } from '../../../test/packets/world.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { AddressPool } from './address-pool.ts';
import { Prober } from './prober.ts';

function setUp() {
  const bench = new Bench();
  const clock = new TestClock();
  const udp = new TestUdp();
  const log = new TestLog();
  const pool = new AddressPool(() => clock.monotonic());
  const neighbours = new Map<string, boolean>();
  const conflicts: string[] = [];
  const broken = { isBroken: false };
  const prober = new Prober({
    udp,
    clock,
    log,
    state: bench.state,
    networks: () => [{ plan: bench.plan, pool }],
    arp: {
      entries: async () => {
        if (broken.isBroken) throw new Error('no such file');
        return new Map([...neighbours].map(([address, complete]) => [address as Ipv4, { mac: MAC, complete }]));
      },
    },
    onConflict: (_network, address) => conflicts.push(address),
  });
  const start = async () => {
    const started = prober.start([SITE.address]);
    await clock.pass(250);
    await started;
  };
  const next = () => pool.view(bench.plan, bench.state, clock.now()).next();
  return { bench, clock, udp, log, pool, neighbours, conflicts, broken, prober, start, next };
}

describe('the prober', () => {
  it('knows free addresses a quarter of a second after the start', async () => {
    const { udp, pool, start, prober } = setUp();
    await start();
    expect(pool.probedCount).toBe(10);
    expect(udp.sent.map(({ from, to }) => `${from.address} ${to.address}:${to.port}`).slice(0, 2)).toEqual([
      '10.7.0.1 10.7.0.100:9',
      '10.7.0.1 10.7.0.101:9',
    ]);
    await prober.stop();
  });

  it('keeps an address back where somebody answers, and says so when it answers a second time', async () => {
    const { clock, neighbours, conflicts, start, next, prober } = setUp();
    neighbours.set('10.7.0.100', true).set('10.7.0.101', false);
    await start();
    expect(next()).toBe('10.7.0.101');
    expect(conflicts).toEqual([]);
    await clock.pass(12_000);
    expect(conflicts).toEqual(['10.7.0.100']);
    await clock.pass(3 * 600_000);
    expect(conflicts).toEqual(['10.7.0.100']);
    await prober.stop();
  });

  it('frees an address whose neighbour was only remembered by the kernel', async () => {
    const { clock, neighbours, conflicts, start, pool, prober } = setUp();
    neighbours.set('10.7.0.100', true);
    await start();
    expect(pool.probedCount).toBe(9);
    neighbours.clear();
    await clock.pass(12_000);
    expect([pool.probedCount, conflicts]).toEqual([10, []]);
    await prober.stop();
  });

  it('takes nobody for a stranger who was given the address while it asked', async () => {
    const { bench, clock, neighbours, conflicts, start, prober } = setUp();
    await start();
    bench.lease();
    neighbours.set(bench.leaseOf()?.address ?? '', true);
    await clock.pass(90_000);
    expect(conflicts).toEqual([]);
    await prober.stop();
  });

  it('looks again after a minute, and notices who has moved in', async () => {
    const { clock, neighbours, start, next, prober } = setUp();
    await start();
    neighbours.set('10.7.0.100', true);
    await clock.pass(63_000);
    expect(next()).toBe('10.7.0.101');
    await prober.stop();
  });

  it('works without a neighbour table, and says so once', async () => {
    const { clock, log, broken, pool, start, prober } = setUp();
    broken.isBroken = true;
    await start();
    await clock.pass(130_000);
    expect(pool.probedCount).toBe(10);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await prober.stop();
  });

  it('leaves no timer and no socket behind', async () => {
    const { clock, udp, start, prober } = setUp();
    await start();
    await prober.stop();
    expect([clock.timers, udp.sockets.filter(({ isOpen }) => isOpen)]).toEqual([0, []]);
  });
});
