import { describe, expect, it } from 'vitest';
import type { Clock } from '../../kernel/ports.ts';
import { type Address, createReach, createResolver } from './addresses.ts';

const OWN = [
  '127.0.0.1',
  '127.9.9.9',
  '::1',
  '169.254.169.254',
  'fe80::1',
  '0.0.0.0',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
];

describe('what an upstream may lead to', () => {
  it('is not this machine nor its cable, if it is on the internet', () => {
    const reach = createReach();
    for (const address of OWN) expect(reach.mayLeadTo(address), address).toBe(false);
    reach.found('203.0.113.7');
    for (const address of OWN) expect(reach.mayLeadTo(address), address).toBe(false);
    for (const address of ['198.51.100.1', '2001:db8::1']) expect(reach.mayLeadTo(address), address).toBe(true);
  });

  it.each(['10.1.2.3', '192.168.1.1', '172.31.0.1', 'fd12::1', '127.0.0.1', '::ffff:10.0.0.1'])(
    'may be anything, if it is at %s itself',
    (address) => {
      const reach = createReach();
      reach.found(address);
      for (const own of OWN) expect(reach.mayLeadTo(own), own).toBe(true);
    },
  );
});

describe('the resolver', () => {
  function createWorld() {
    let now = 0;
    const asked: ((found: readonly Address[] | Error) => void)[] = [];
    const timers: (() => void)[] = [];
    const clock: Clock = {
      now: () => now,
      monotonic: () => now,
      after: (_delayMs, run) => {
        timers.push(run);
        return () => undefined;
      },
    };
    const resolve = createResolver(
      clock,
      () =>
        new Promise((fulfil, reject) => {
          asked.push((found) => (found instanceof Error ? reject(found) : fulfil(found)));
        }),
    );
    return { resolve, asked, pass: (ms: number) => (now += ms), ring: () => timers.splice(0).map((run) => run()) };
  }
  const A = [{ address: '198.51.100.1', family: 4 }];
  const B = [{ address: '198.51.100.2', family: 4 }];

  it('asks once for all who wait, and not again for a minute', async () => {
    const { resolve, asked, pass } = createWorld();
    const both = Promise.all([resolve('a'), resolve('a')]);
    expect(asked.length).toBe(1);
    asked[0]?.(A);
    expect(await both).toEqual([A, A]);
    pass(59_999);
    expect(await resolve('a')).toEqual(A);
    expect(asked.length).toBe(1);
  });

  it('lives with what it knew when nobody answers', async () => {
    const { resolve, asked, pass, ring } = createWorld();
    const first = resolve('a');
    asked[0]?.(A);
    await first;
    pass(60_000);
    const silent = resolve('a');
    ring();
    expect(await silent).toEqual(A);
    const failed = resolve('a');
    asked[1]?.(new Error('no DNS'));
    expect(await failed).toEqual(A);
    const moved = resolve('a');
    asked[2]?.(B);
    expect(await moved).toEqual(B);
    expect(await resolve('a')).toEqual(B);
  });

  it('fails as DNS does for names that it never knew, and asks nobody for addresses', async () => {
    const { resolve, asked } = createWorld();
    const failed = resolve('a');
    asked[0]?.(new Error('no DNS'));
    await expect(failed).rejects.toThrow('no DNS');
    expect(await resolve('::1')).toEqual([{ address: '::1', family: 6 }]);
    expect(asked.length).toBe(1);
  });
});
