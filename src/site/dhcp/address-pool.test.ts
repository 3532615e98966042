import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, summary } from '../../../test/packets/bench.ts';
import { ip, NETWORK, revision } from '../../../test/packets/world.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { AddressPool } from './address-pool.ts';

const next = (bench: Bench): Ipv4 | undefined => bench.pool.view(bench.plan, bench.state, bench.now).next();
const take = (bench: Bench, count: number) => bench.pool.takeForProbing(count, bench.plan, bench.state, bench.now);
const free = (bench: Bench, address: string) => bench.pool.markFree(ip(address), bench.plan, bench.state, bench.now);
const offer = (pool: AddressPool, address: string, client: string) =>
  pool.apply({ kind: 'offer', address: ip(address), client });

describe('the next address', () => {
  it('is one that was probed, before any that was not', () => {
    const bench = new Bench();
    take(bench, 5);
    free(bench, '10.7.0.103');
    expect(next(bench)).toBe('10.7.0.103');
  });

  it('is an unprobed one, or one that is just being probed, rather than none', () => {
    const bench = new Bench();
    expect(next(bench)).toBe('10.7.0.100');
    expect(take(bench, 100)).toHaveLength(10);
    expect(next(bench)).toBe('10.7.0.100');
  });

  it('is none that was found in use, until its time is over', () => {
    const bench = new Bench();
    bench.pool.setAside(ip('10.7.0.100'), 5_000);
    expect(next(bench)).toBe('10.7.0.101');
    bench.later(5_001);
    expect(bench.pool.view(bench.plan, bench.state, bench.now).isInUse(ip('10.7.0.100'))).toBe(false);
  });

  it('is none that is on offer or being written', () => {
    const bench = new Bench();
    offer(bench.pool, '10.7.0.100', 'a');
    bench.pool.apply({ kind: 'grant', address: ip('10.7.0.101'), client: 'b' });
    expect(next(bench)).toBe('10.7.0.102');
  });

  it('is the oldest offer when nothing else is left, never one that is being written', () => {
    const bench = new Bench();
    for (let n = 0; n < 10; n++) offer(bench.pool, `10.7.0.10${n}`, `c${n}`);
    bench.pool.apply({ kind: 'grant', address: ip('10.7.0.100'), client: 'c0' });
    expect(next(bench)).toBe('10.7.0.101');
    offer(bench.pool, '10.7.0.101', 'late');
    expect(next(bench)).toBe('10.7.0.102');
    expect(bench.pool.view(bench.plan, bench.state, bench.now).offerOf('c1')).toBeUndefined();
  });

  it('of a pool with sixteen million addresses is found at once', () => {
    const subnet = { network: ip('10.0.0.0'), prefix: 8 };
    const pool = { first: ip('10.1.0.0'), last: ip('10.254.0.0') };
    expect(next(new Bench(revision({ network: { subnet, pool } })))).toBe('10.1.0.0');
  });
});

describe('offers', () => {
  it('are forgotten after a minute', () => {
    const bench = new Bench();
    offer(bench.pool, '10.7.0.100', 'a');
    bench.later(60_001);
    const view = bench.pool.view(bench.plan, bench.state, bench.now);
    expect([view.offeredTo(ip('10.7.0.100')), view.offerOf('a')]).toEqual([undefined, undefined]);
  });

  it('of one client replace each other', () => {
    const bench = new Bench();
    offer(bench.pool, '10.7.0.100', 'a');
    offer(bench.pool, '10.7.0.101', 'a');
    const view = bench.pool.view(bench.plan, bench.state, bench.now);
    expect([view.offeredTo(ip('10.7.0.100')), view.offerOf('a')]).toEqual([undefined, '10.7.0.101']);
  });
});

describe('grants', () => {
  it('hold until the last of several repeated requests is settled', () => {
    const bench = new Bench();
    const address = ip('10.7.0.100');
    bench.pool.apply({ kind: 'grant', address, client: 'a' });
    bench.pool.apply({ kind: 'grant', address, client: 'a' });
    bench.pool.settle(address);
    const holder = () => bench.pool.view(bench.plan, bench.state, bench.now).beingGrantedTo(address);
    expect(holder()).toBe('a');
    bench.pool.settle(address);
    expect(holder()).toBeUndefined();
  });
});

describe('probing', () => {
  it('takes each address once, and finds the ones that have to be looked at again', () => {
    const bench = new Bench();
    expect(take(bench, 4)).toEqual(['10.7.0.100', '10.7.0.101', '10.7.0.102', '10.7.0.103']);
    free(bench, '10.7.0.100');
    expect(take(bench, 100)).toHaveLength(6);
    bench.later(61_000);
    expect(bench.pool.stale(60_000)).toEqual(['10.7.0.100']);
  });

  it('takes expired addresses when there are no unused ones, so that they are looked at before they are given again', () => {
    const bench = new Bench();
    for (let n = 0; n < 10; n++) bench.lease([], `52:54:00:00:01:0${n}`);
    bench.later(3_600_000);
    expect(take(bench, 2)).toEqual(['10.7.0.100', '10.7.0.101']);
  });

  it('an address that was leased meanwhile is not kept as free', () => {
    const bench = new Bench();
    take(bench, 10);
    bench.lease();
    free(bench, bench.leaseOf()?.address ?? '');
    expect(bench.pool.probedCount).toBe(0);
  });

  it('starts afresh with another pool', () => {
    const bench = new Bench();
    take(bench, 10);
    free(bench, '10.7.0.100');
    bench.apply(revision({ network: { ...NETWORK, pool: { first: ip('10.7.0.20'), last: ip('10.7.0.21') } } }));
    expect(summary(bench.ask(message('discover', [], { mac: MAC })))).toBe('offer 10.7.0.20');
  });
});
