import { expect, it } from 'vitest';
import { settled } from '../../test/packets/ports.ts';
import {
  leaseChange,
  POS_ADDRESS,
  POS_MAC,
  SampleClock,
  SampleLog,
  SampleStore,
  sampleLease,
  sampleRevision,
} from '../../test/support/sample-site.ts';
import { AppError } from '../kernel/errors.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Lease } from '../model/lease.ts';
import { prolongLeases } from './prolong-leases.ts';

const LEASE_MS = 300_000;
const ASK_MS = 5_000;

function setUp(change: Partial<Lease> = {}) {
  const [clock, log] = [new SampleClock(), new SampleLog()];
  const lease = sampleLease({ holder: 'ipxe', expiresAt: clock.now() + LEASE_MS, ...change });
  const store = new SampleStore([leaseChange(lease)]);
  const hear = prolongLeases({ store, revisions: { current: () => sampleRevision() }, clock, log });
  const ask = async (mac: MacAddress = POS_MAC): Promise<void> => {
    const answer = { kind: 'queue', place: 14 } as const;
    hear({ kind: 'script', at: clock.now(), claim: { mac }, address: POS_ADDRESS, answer });
    await settled();
    clock.pass(ASK_MS);
  };
  const leftMs = () => (store.state.leaseOfAddress('nodes', POS_ADDRESS)?.expiresAt ?? 0) - clock.now();
  return { clock, log, store, ask, leftMs };
}

it('a machine in the queue has its address for as long as it asks, with few writes', async () => {
  const { clock, store, ask, leftMs } = setUp();
  const until = clock.now() + 4 * LEASE_MS;
  while (clock.now() < until) {
    await ask();
    expect(leftMs()).toBeGreaterThan(LEASE_MS / 2 - 2 * ASK_MS);
  }
  expect(store.commits).toBeLessThanOrEqual(8);
});

it.each<[string, Partial<Lease>, MacAddress]>([
  ['is over', { expiresAt: 0 }, POS_MAC],
  ['is of another machine', {}, '52:54:00:00:00:66' as MacAddress],
  ['is that of a system, which renews it', { holder: 'os' }, POS_MAC],
  ['was given back', { state: 'released' }, POS_MAC],
])('a lease that %s is left as it is', async (_, change, mac) => {
  const { clock, store, ask } = setUp(change);
  clock.pass(LEASE_MS - 2 * ASK_MS);
  await ask(mac);
  expect(store.commits).toBe(0);
});

it('a disk that takes nothing is told of, and the lease ends as it was promised', async () => {
  const { clock, store, log, ask, leftMs } = setUp();
  store.before = () => {
    throw new AppError('disk-full', 'no space left');
  };
  clock.pass(LEASE_MS - 2 * ASK_MS);
  await ask();
  expect(leftMs()).toBe(ASK_MS);
  expect(JSON.stringify(log.lines)).toContain('was not prolonged');
});
