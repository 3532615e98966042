import { describe, expect, it } from 'vitest';
import { Bench, message, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, mac, revision, SITE, slot } from '../../../../test/packets/world.ts';
import type { MachineId } from '../../../model/machine.ts';
import { applyChanges } from '../../../model/state.ts';
import { option } from '../codec/options.ts';

const TILL = '52:54:00:00:00:0a';
const FIXED = '52:54:00:00:00:0b';
const HOUR = 3_600_000;
const slots = [
  slot('pos-1', [{ mac: mac(TILL) }], { lan0: { boot: true } }),
  slot('pos-2', [{ mac: mac(FIXED) }], { lan0: { boot: true, address: ip('10.7.0.11') } }),
];
const stranger = (n: number): string =>
  `02:5d:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;

/** The machine of pos-1 has had its address from the pool, and fills its slot. */
function withTill(): Bench {
  const bench = new Bench(revision({ slots }));
  bench.lease(SPEAKS.uefi, TILL);
  const machine = 'm1' as MachineId;
  const seen = { firstSeen: 1, lastSeen: 1 };
  const evidence = [{ kind: 'mac', value: TILL, source: 'dhcp', ...seen } as const];
  applyChanges(bench.state, [
    { table: 'machines', key: machine, row: { id: machine, ...seen, evidence } as never },
    { table: 'bindings', key: 'pos-1/1', row: { slot: 'pos-1', number: 1, machine, since: 1 } as never },
  ]);
  return bench;
}

/** Leases for made-up machines until nothing is left, then `more` of them that get nothing. */
function starve(bench: Bench, more = 20): number {
  let leased = 0;
  for (let n = 0; n < 10 + more; n++) {
    if (!bench.ask(message('discover', [], { mac: stranger(n) })).reply) continue;
    bench.lease([], stranger(n));
    leased += 1;
  }
  return leased;
}

describe('somebody who takes addresses for made-up machines', () => {
  it('takes none from a slot with a fixed one', () => {
    const bench = withTill();
    expect(starve(bench)).toBe(9);
    expect(summary(bench.ask(message('discover', SPEAKS.uefi, { mac: FIXED })))).toBe('offer 10.7.0.11');
  });

  it('takes none from the machine of a slot, also when its lease is over', () => {
    const bench = withTill();
    const address = bench.leaseOf(TILL)?.address ?? ip('0.0.0.0');
    bench.later(2 * HOUR);
    expect(starve(bench)).toBe(9);
    const asked = [option('requestedAddress', address)];
    expect(summary(bench.ask(message('discover', asked, { mac: stranger(99) })))).toBe('ignored: pool-exhausted');
    const chosen = [...asked, option('serverId', SITE.address)];
    expect(summary(bench.ask(message('request', chosen, { mac: stranger(99) })))).toBe('nak');
    expect(summary(bench.lease(SPEAKS.uefi, TILL))).toBe(`ack ${address}`);
  });
});

it('an address that the template gives to another slot now is not kept for the machine that had it last', () => {
  const bench = withTill();
  const address = bench.leaseOf(TILL)?.address ?? ip('0.0.0.0');
  const moved = slot('pos-2', [{ mac: mac(FIXED) }], { lan0: { boot: true, address } });
  bench.apply(revision({ slots: [...slots.slice(0, 1), moved] }));
  bench.later(2 * HOUR);
  expect(summary(bench.lease(SPEAKS.uefi, FIXED))).toBe(`ack ${address}`);
});

describe('a clock that jumps', () => {
  it.each([
    ['forward', 30 * 24 * HOUR],
    ['back', -30 * 24 * HOUR],
  ])('%s takes no running system its address', (_, ms) => {
    const bench = new Bench();
    const address = bench.lease([], TILL).reply?.yiaddr ?? ip('0.0.0.0');
    bench.now += ms;
    expect(bench.ask(message('discover', [], { mac: stranger(1) })).reply?.yiaddr).not.toBe(address);
    expect(summary(bench.ask(message('request', [], { mac: TILL, ciaddr: address })))).toBe(`ack ${address}`);
    expect(bench.leaseOf(TILL)?.expiresAt).toBeGreaterThan(bench.now);
  });
});
