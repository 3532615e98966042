import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, summary } from '../../../../test/packets/bench.ts';
import { ip, mac, revision, slot } from '../../../../test/packets/world.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { option } from '../codec/options.ts';

const THEIRS = '10.7.0.180';
const wants = (address: string): DhcpMessage => message('request', [option('requestedAddress', ip(address))]);
const renews = (address: string): DhcpMessage => message('request', [], { ciaddr: ip(address) });

/** A site that leases, in a network with a second server that belongs there. */
const withAllowed = (): Bench => new Bench(revision({ network: { otherServers: [ip('10.7.0.2')] } }));

/** The same, with one that nobody allowed, and a machine of a slot. */
function withRival(): Bench {
  const bench = new Bench(revision({ slots: [slot('pos-1', [{ mac: mac(MAC) }], { lan0: { boot: true } })] }));
  bench.plan = { ...bench.plan, keepsToKnown: true };
  return bench;
}

describe.each([
  ['a server that belongs there', withAllowed],
  ['a server that nobody allowed', withRival],
])('beside %s', (_, build) => {
  it.each([
    ['wakes up with', wants(THEIRS)],
    ['wakes up elsewhere with', wants('192.168.1.20')],
    ['renews', renews(THEIRS)],
    ['renews elsewhere', renews('192.168.1.20')],
  ])('a machine that %s an address of the other is not refused', (_name, asked) => {
    expect(summary(build().ask(asked))).toBe('ignored: other-server');
  });

  it('one that had a lease here before, and has one there now, is not refused either', () => {
    const bench = build();
    bench.lease();
    expect([summary(bench.ask(wants(THEIRS))), summary(bench.ask(renews(THEIRS)))]).toEqual([
      'ignored: other-server',
      'ignored: other-server',
    ]);
  });

  it('what was leased here is renewed here, and refused when the template gave it away', () => {
    const bench = build();
    const address = bench.lease().reply?.yiaddr ?? '';
    expect(summary(bench.ask(renews(address)))).toBe(`ack ${address}`);
    const { keepsToKnown } = bench.plan;
    const given = slot('pos-2', [{ mac: mac('52:54:00:00:00:02') }], { lan0: { boot: true, address: ip(address) } });
    bench.apply({ ...bench.plan.revision, slots: { ...bench.plan.revision.slots, 'pos-2': given } });
    bench.plan = { ...bench.plan, keepsToKnown };
    expect(summary(bench.ask(renews(address)))).toBe('nak');
  });
});

it('a site that is alone refuses what it did not give', () => {
  expect([THEIRS, '192.168.1.20'].map((address) => summary(new Bench().ask(renews(address))))).toEqual(['nak', 'nak']);
});
