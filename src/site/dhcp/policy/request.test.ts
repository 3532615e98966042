import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, replied, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, revision, SITE, slot } from '../../../../test/packets/world.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { option } from '../codec/options.ts';
import { requestState } from './request.ts';

const OTHER = '52:54:00:00:00:02';

const selecting = (address: string, server: string = SITE.address): DhcpMessage =>
  message('request', [option('serverId', ip(server)), option('requestedAddress', ip(address))]);
const rebooting = (address: string): DhcpMessage => message('request', [option('requestedAddress', ip(address))]);
const renewing = (address: string): DhcpMessage => message('request', [], { ciaddr: ip(address) });

describe('the state of a client (RFC 2131 table 4)', () => {
  it.each([
    ['selecting', selecting('10.7.0.100'), 'selecting'],
    [
      'selecting, with the address in ciaddr',
      { ...message('request', [option('serverId', SITE.address)]), ciaddr: ip('10.7.0.9') },
      'selecting',
    ],
    ['rebooting', rebooting('10.7.0.100'), 'init-reboot'],
    ['renewing', renewing('10.7.0.100'), 'renewing'],
    ['nothing named', message('request'), 'unclear'],
    ['an offer chosen, but no address', message('request', [option('serverId', SITE.address)]), 'unclear'],
    ['a malformed server identifier', message('request', [{ code: 54, bytes: Uint8Array.of(1) }]), 'unclear'],
  ])('%s', (_name, asked, kind) => {
    expect(requestState(asked).kind).toBe(kind);
  });
});

describe('selecting', () => {
  it('is granted what was offered: the lease first, then the answer', () => {
    const bench = new Bench();
    bench.ask(message('discover'));
    const decision = bench.ask(selecting('10.7.0.100'));
    expect(summary(decision)).toBe('ack 10.7.0.100');
    expect(decision.changes).toHaveLength(1);
    expect(decision.events.map(({ type }) => type)).toEqual(['lease-granted']);
    expect(bench.leaseOf()).toMatchObject({ address: '10.7.0.100', expiresAt: bench.now + 1_800_000, holder: 'os' });
  });

  it('is granted after a restart that forgot the offer', () => {
    expect(summary(new Bench().ask(selecting('10.7.0.100')))).toBe('ack 10.7.0.100');
  });

  it('of another server: silence, and the offer is free again', () => {
    const bench = new Bench();
    bench.ask(message('discover'));
    expect(summary(bench.ask(selecting('10.7.0.100', '10.7.0.2')))).toBe('ignored: other-server');
    const asked = message('discover', [option('requestedAddress', ip('10.7.0.100'))], { mac: OTHER });
    expect(summary(bench.ask(asked))).toBe('offer 10.7.0.100');
  });

  it.each(['10.7.0.1', '10.7.0.50', '192.168.1.5'])('%s is refused', (address) => {
    const decision = new Bench().ask(selecting(address));
    expect(summary(decision)).toBe('nak');
    expect(decision.changes).toEqual([]);
    expect(replied(decision, 'errorText')).toContain(address);
  });

  it('an address that somebody else has is refused', () => {
    const bench = new Bench();
    bench.lease([], OTHER);
    expect(summary(bench.ask(selecting('10.7.0.100')))).toBe('nak');
  });

  it('an address that is just being written for somebody else is refused, and free if that fails', () => {
    const bench = new Bench();
    bench.pool.apply({ kind: 'grant', address: ip('10.7.0.100'), client: OTHER });
    expect(summary(bench.judge(selecting('10.7.0.100')))).toBe('nak');
    bench.pool.settle(ip('10.7.0.100'));
    expect(summary(bench.judge(selecting('10.7.0.100')))).toBe('ack 10.7.0.100');
  });

  it('whoever asks first gets an address that two were offered under a flood', () => {
    const bench = new Bench();
    bench.ask(message('discover'));
    bench.pool.apply({ kind: 'offer', address: ip('10.7.0.100'), client: OTHER });
    expect(summary(bench.ask(selecting('10.7.0.100')))).toBe('ack 10.7.0.100');
    expect(
      summary(bench.ask({ ...selecting('10.7.0.100'), chaddr: message('request', [], { mac: OTHER }).chaddr })),
    ).toBe('nak');
  });

  it('firmware gets its boot options in the ACK, too', () => {
    expect(new Bench().lease(SPEAKS.uefi).reply?.file).toBe('snponly.efi');
  });
});

describe('rebooting with an address in mind', () => {
  it('gets it back, if it is the one on record', () => {
    const bench = new Bench();
    bench.lease();
    expect(summary(bench.ask(rebooting('10.7.0.100')))).toBe('ack 10.7.0.100');
  });

  it('gets it back after its lease was over, if nobody took it', () => {
    const bench = new Bench();
    bench.lease();
    bench.later(24 * 3_600_000);
    expect(summary(bench.ask(rebooting('10.7.0.100')))).toBe('ack 10.7.0.100');
  });

  it('is refused another one than that on record', () => {
    const bench = new Bench();
    bench.lease();
    expect(summary(bench.ask(rebooting('10.7.0.101')))).toBe('nak');
  });

  it('is refused an address of another network, known or not', () => {
    expect(summary(new Bench().ask(rebooting('192.168.1.5')))).toBe('nak');
  });

  it('hears nothing if nothing is known of it', () => {
    expect(summary(new Bench().ask(rebooting('10.7.0.100')))).toBe('ignored: unknown-client');
  });

  it('its reservation is on record without a lease', () => {
    const own = slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.11') } });
    const bench = new Bench(revision({ slots: [own] }));
    expect(summary(bench.ask(rebooting('10.7.0.11')))).toBe('ack 10.7.0.11');
    expect(summary(bench.ask(rebooting('10.7.0.100')))).toBe('nak');
  });

  it('a system with a new reservation is sent to fetch it', () => {
    const bench = new Bench();
    bench.lease();
    bench.apply(
      revision({ slots: [slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.11') } })] }),
    );
    expect(summary(bench.ask(rebooting('10.7.0.100')))).toBe('nak');
    expect(summary(bench.lease())).toBe('ack 10.7.0.11');
  });
});

describe('renewing and rebinding', () => {
  it('goes on, by unicast, without an event, from the time it began', () => {
    const bench = new Bench();
    bench.lease();
    const began = bench.now;
    bench.later(900_000);
    const decision = bench.ask(renewing('10.7.0.100'));
    expect(summary(decision)).toBe('ack 10.7.0.100');
    expect(decision.to).toEqual({ address: '10.7.0.100', port: 68 });
    expect(decision.events).toEqual([]);
    expect(bench.leaseOf()).toMatchObject({ startedAt: began, expiresAt: bench.now + 1_800_000 });
  });

  it('goes on after the database was lost, if the address is free and of the pool', () => {
    expect(summary(new Bench().ask(renewing('10.7.0.105')))).toBe('ack 10.7.0.105');
  });

  it.each(['10.7.0.50', '10.7.0.1', '192.168.1.5'])(
    '%s, which is not ours to give, is refused to everybody’s ears',
    (address) => {
      const decision = new Bench().ask(renewing(address));
      expect(summary(decision)).toBe('nak');
      expect(decision.to).toEqual({ address: '255.255.255.255', port: 68 });
      expect(decision.reply?.ciaddr).toBe('0.0.0.0');
    },
  );

  it('is refused what somebody else has', () => {
    const bench = new Bench();
    bench.lease([], OTHER);
    expect(summary(bench.ask(renewing('10.7.0.100')))).toBe('nak');
  });

  it('a NAK through a relay asks it to broadcast', () => {
    const { to, reply } = new Bench().ask({ ...renewing('192.168.1.5'), giaddr: ip('10.7.0.77') });
    expect([to?.address, reply?.flags]).toEqual(['10.7.0.77', 0x8000]);
  });
});

describe('DECLINE', () => {
  const declining = (address: string, mac: string = MAC) =>
    message('decline', [option('requestedAddress', ip(address)), option('serverId', SITE.address)], { mac });

  it('sets the address aside for an hour, for everybody', () => {
    const bench = new Bench();
    bench.lease();
    const decision = bench.ask(declining('10.7.0.100'));
    expect(summary(decision)).toBe('done');
    expect(decision.events.map(({ type }) => type)).toEqual(['address-declined']);
    expect(bench.leaseOf()).toBeUndefined();
    expect(summary(bench.ask(message('discover', [option('requestedAddress', ip('10.7.0.100'))])))).toBe(
      'offer 10.7.0.101',
    );
    bench.later(3_600_001);
    expect(
      summary(bench.ask(message('discover', [option('requestedAddress', ip('10.7.0.100'))], { mac: OTHER }))),
    ).toBe('offer 10.7.0.100');
    expect(summary(bench.lease([option('requestedAddress', ip('10.7.0.100'))], OTHER))).toBe('ack 10.7.0.100');
    expect([...bench.state.leases.keys()]).toEqual([`nodes/${OTHER}`]);
  });

  it('counts for an address that was only offered', () => {
    const bench = new Bench();
    bench.ask(message('discover'));
    expect(summary(bench.ask(declining('10.7.0.100')))).toBe('done');
  });

  it('of what somebody else has, or of the whole pool in a row, is nothing', () => {
    const bench = new Bench();
    bench.lease([], OTHER);
    expect(summary(bench.ask(declining('10.7.0.100')))).toBe('ignored: not-the-holder');
    expect(summary(bench.ask(declining('10.7.0.105')))).toBe('ignored: not-the-holder');
    expect(bench.leaseOf(OTHER)?.state).toBe('bound');
  });

  it('of an offer that somebody else has taken meanwhile is nothing', () => {
    const bench = new Bench();
    bench.lease([], OTHER);
    bench.pool.apply({ kind: 'offer', address: ip('10.7.0.100'), client: MAC });
    expect(summary(bench.ask(declining('10.7.0.100')))).toBe('ignored: not-the-holder');
  });

  const leaseAndDecline = (bench: Bench, mac: string): string => {
    const address = bench.lease([], mac).reply?.yiaddr ?? '';
    return summary(bench.ask(declining(address, mac)));
  };
  const setAside = (bench: Bench) => [...bench.state.leases.values()].filter(({ state }) => state === 'declined');

  it('of one client counts four times an hour; after that it only gives up what it has', () => {
    const bench = new Bench(revision({ network: { pool: { first: ip('10.7.0.100'), last: ip('10.7.0.199') } } }));
    const answers = [1, 2, 3, 4, 5, 6].map(() => leaseAndDecline(bench, MAC));
    expect(answers).toEqual(['done', 'done', 'done', 'done', ...Array(2).fill('ignored: declines-too-often')]);
    expect([setAside(bench).length, bench.leaseOf()]).toEqual([4, undefined]);
    expect(leaseAndDecline(bench, OTHER)).toBe('done');
    bench.later(3_600_001);
    expect(leaseAndDecline(bench, MAC)).toBe('done');
  });

  it('of many clients sets no more than a quarter of the pool aside', () => {
    const bench = new Bench();
    const macs = [1, 2, 3, 4, 5].map((i) => `52:54:00:00:01:0${i}`);
    expect(macs.map((mac) => leaseAndDecline(bench, mac))).toEqual([
      ...Array(2).fill('done'),
      ...Array(3).fill('ignored: declines-too-often'),
    ]);
    expect(setAside(bench)).toHaveLength(2);
  });

  it('without an address, or to another server, is nothing', () => {
    const bench = new Bench();
    expect(summary(bench.ask(message('decline')))).toBe('ignored: incomplete');
    const elsewhere = message('decline', [
      option('requestedAddress', ip('10.7.0.100')),
      option('serverId', ip('10.7.0.2')),
    ]);
    expect(summary(bench.ask(elsewhere))).toBe('ignored: other-server');
  });
});

describe('RELEASE', () => {
  const releasing = (address: string, mac: string = MAC) =>
    message('release', [option('serverId', SITE.address)], { mac, ciaddr: ip(address) });

  it('frees the address for others, and keeps it for its holder while nobody needs it', () => {
    const bench = new Bench();
    bench.lease();
    expect(summary(bench.ask(releasing('10.7.0.100')))).toBe('done');
    expect(bench.leaseOf()).toMatchObject({ state: 'released', expiresAt: bench.now });
    expect(summary(bench.ask(message('discover')))).toBe('offer 10.7.0.100');
    bench.later(61_000);
    const asked = message('discover', [option('requestedAddress', ip('10.7.0.100'))], { mac: OTHER });
    expect(summary(bench.ask(asked))).toBe('offer 10.7.0.100');
  });

  it('by somebody else, twice, or without an address is nothing', () => {
    const bench = new Bench();
    bench.lease();
    expect(summary(bench.ask(releasing('10.7.0.100', OTHER)))).toBe('ignored: not-the-holder');
    expect(summary(bench.ask(releasing('10.7.0.101')))).toBe('ignored: not-the-holder');
    bench.ask(releasing('10.7.0.100'));
    expect(summary(bench.ask(releasing('10.7.0.100')))).toBe('ignored: not-the-holder');
    expect(summary(bench.ask(message('release')))).toBe('ignored: incomplete');
  });
});

describe('INFORM', () => {
  it('is answered to its address, without any word of a lease', () => {
    const bench = new Bench();
    const decision = bench.ask(message('inform', [], { ciaddr: ip('10.7.0.40') }));
    expect(decision.to).toEqual({ address: '10.7.0.40', port: 68 });
    expect(decision.reply?.yiaddr).toBe('0.0.0.0');
    expect(decision.reply?.options.map(({ code }) => code)).toEqual([53, 54, 1, 3, 6, 15, 26, 28, 42, 121]);
    expect(bench.state.leases.size).toBe(0);
  });

  it.each([
    ['without an address', '0.0.0.0', 'ignored: incomplete'],
    ['from another network', '192.168.1.5', 'ignored: no-network'],
  ])('%s is nothing', (_name, ciaddr, said) => {
    expect(summary(new Bench().ask(message('inform', [], { ciaddr: ip(ciaddr) })))).toBe(said);
  });
});
