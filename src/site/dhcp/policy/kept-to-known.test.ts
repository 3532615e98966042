import { describe, expect, it } from 'vitest';
import { Bench, message, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, mac, revision, SITE, slot } from '../../../../test/packets/world.ts';
import { option } from '../codec/options.ts';

const KNOWN = '52:54:00:00:00:0a';
const SECOND_NIC = '52:54:00:00:00:0b';
const STRANGER = '52:54:00:00:00:99';
const pos = slot('pos-1', [{ mac: mac(KNOWN) }], {
  lan0: { boot: true, address: ip('10.7.0.11') },
  lan1: { mac: mac(SECOND_NIC), address: ip('10.7.0.12') },
});

/** Another server was seen that nobody allowed. */
function besideRival(bench = new Bench(revision({ slots: [pos] }))): Bench {
  bench.plan = { ...bench.plan, keepsToKnown: true };
  return bench;
}

const discover = (bench: Bench, who: string) => summary(bench.ask(message('discover', SPEAKS.uefi, { mac: who })));

describe('a site that leases, beside a server that nobody allowed', () => {
  it('serves the machines of its slots with all their cards, and leaves strangers to the other', () => {
    const bench = besideRival();
    expect([KNOWN, SECOND_NIC, STRANGER].map((who) => discover(bench, who))).toEqual([
      'offer 10.7.0.11',
      'offer 10.7.0.12',
      'ignored: kept-to-known',
    ]);
  });

  it('renews what it has leased to others, and refuses nothing that the other server may have given', () => {
    const bench = new Bench(revision({ slots: [pos] }));
    const leased = bench.lease([], STRANGER).reply?.yiaddr ?? ip('0.0.0.0');
    besideRival(bench);
    const ask = (who: string, options = {}, asked: readonly ReturnType<typeof option>[] = []) =>
      summary(bench.ask(message('request', asked, { mac: who, ...options })));
    expect(ask(STRANGER, { ciaddr: leased })).toBe(`ack ${leased}`);
    const other = '52:54:00:00:00:98';
    expect(ask(other, {}, [option('requestedAddress', ip('10.9.0.5'))])).toBe('ignored: kept-to-known');
    expect(ask(other, { ciaddr: ip('10.7.0.105') })).toBe('ignored: kept-to-known');
  });

  it('serves a stranger no more when its lease is over, and hears what it gives back', () => {
    const bench = new Bench(revision({ slots: [pos] }));
    const leased = bench.lease([], STRANGER).reply?.yiaddr ?? ip('0.0.0.0');
    besideRival(bench);
    const release = [option('serverId', SITE.address)];
    expect(summary(bench.ask(message('release', release, { mac: STRANGER, ciaddr: leased })))).toBe('done');
    expect(discover(bench, STRANGER)).toBe('ignored: kept-to-known');
  });
});
