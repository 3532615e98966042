import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, replied, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, loaders, NETWORK, revision, slot } from '../../../../test/packets/world.ts';
import { isInRange } from '../../../kernel/ipv4.ts';
import { encodeMessage, messageBytes, rawOption } from '../codec/message.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';

const discover = (options: readonly RawOption[] = [], mac: string = MAC) => message('discover', options, { mac });

describe('which address is offered', () => {
  it('a newcomer gets one of the pool, and the same again when it repeats itself', () => {
    const bench = new Bench();
    const first = bench.ask(discover());
    expect(summary(first)).toBe('offer 10.7.0.100');
    expect(summary(bench.ask(discover()))).toBe('offer 10.7.0.100');
    expect(first.changes).toEqual([]);
  });

  it('no two clients get one address', () => {
    const bench = new Bench();
    const offers = [1, 2, 3, 4].map((n) => summary(bench.ask(discover([], `52:54:00:00:00:0${n}`))));
    expect(new Set(offers).size).toBe(4);
  });

  it('the address that it asks for, if that is free', () => {
    const asked = discover([option('requestedAddress', ip('10.7.0.105'))]);
    expect(summary(new Bench().ask(asked))).toBe('offer 10.7.0.105');
  });

  it.each(['10.7.0.1', '10.7.0.254', '10.7.0.50', '10.8.0.100', '10.7.0.255'])(
    'not %s, which is not of the pool',
    (wish) => {
      const asked = discover([option('requestedAddress', ip(wish))]);
      expect(summary(new Bench().ask(asked))).toBe('offer 10.7.0.100');
    },
  );

  it('not an address that was just offered to somebody else, even if asked for', () => {
    const bench = new Bench();
    bench.ask(discover([], '52:54:00:00:00:02'));
    const asked = discover([option('requestedAddress', ip('10.7.0.100'))]);
    expect(summary(bench.ask(asked))).toBe('offer 10.7.0.101');
  });

  it('the address that it had, also after its lease is over', () => {
    const bench = new Bench();
    bench.lease();
    bench.later(24 * 3_600_000);
    bench.lease([], '52:54:00:00:00:02');
    expect(summary(bench.ask(discover()))).toBe('offer 10.7.0.100');
  });

  it('never one of the site, the router or a server, even in the middle of the pool', () => {
    const pool = { first: ip('10.7.0.0'), last: ip('10.7.0.3') };
    const bench = new Bench(revision({ network: { pool, router: ip('10.7.0.2'), dns: [] } }));
    expect(summary(bench.ask(discover()))).toBe('offer 10.7.0.3');
  });

  it('one NIC keeps one address from firmware through iPXE to the system, whatever client identifiers they send', () => {
    const bench = new Bench();
    bench.lease(SPEAKS.bios);
    bench.lease([...SPEAKS.ipxe, option('clientId', Uint8Array.of(1, 2))]);
    const system = bench.lease([option('clientId', Uint8Array.of(255, 9, 9))]);
    expect(summary(system)).toBe('ack 10.7.0.100');
    expect(bench.state.leases.size).toBe(1);
    expect(bench.leaseOf()).toMatchObject({ holder: 'os', clientId: 'ff0909' });
  });
});

describe('reservations', () => {
  const reserved = slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.11') } });

  it('a machine that its MAC names gets its own from the first DISCOVER', () => {
    expect(summary(new Bench(revision({ slots: [reserved] })).ask(discover(SPEAKS.bios)))).toBe('offer 10.7.0.11');
  });

  it('a further interface is known by its own MAC', () => {
    const second = slot('edge-1', [{ mac: MAC }], {
      lan0: { boot: true, address: ip('10.7.0.11') },
      lan1: { mac: '52:54:00:00:00:99' as typeof MAC, address: ip('10.7.0.12') },
    });
    const bench = new Bench(revision({ slots: [second] }));
    expect(summary(bench.ask(discover([], '52:54:00:00:00:99')))).toBe('offer 10.7.0.12');
    expect(summary(bench.ask(discover()))).toBe('offer 10.7.0.11');
  });

  it('nobody else gets it, even by asking', () => {
    const inPool = slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.100') } });
    const bench = new Bench(revision({ slots: [inPool] }));
    const asked = discover([option('requestedAddress', ip('10.7.0.100'))], '52:54:00:00:00:02');
    expect(summary(bench.ask(asked))).toBe('offer 10.7.0.101');
  });

  it('a machine recognised in the middle of its boot moves when its system asks, as one event', () => {
    const bench = new Bench();
    bench.lease(SPEAKS.bios);
    bench.apply(revision({ slots: [reserved] }));
    expect(summary(bench.lease(SPEAKS.ipxe))).toBe('ack 10.7.0.100');
    const moved = bench.lease();
    expect(summary(moved)).toBe('ack 10.7.0.11');
    expect(moved.events.map(({ type, data }) => [type, data?.['from'], data?.['address']])).toEqual([
      ['lease-moved', '10.7.0.100', '10.7.0.11'],
    ]);
    expect(bench.state.leases.size).toBe(1);
    expect(bench.state.leaseOfAddress('nodes', ip('10.7.0.100'))).toBeUndefined();
  });

  it('while somebody else still has it, a pool address must do', () => {
    const bench = new Bench();
    bench.lease([], '52:54:00:00:00:02');
    bench.apply(
      revision({ slots: [slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.100') } })] }),
    );
    expect(summary(bench.lease())).toBe('ack 10.7.0.101');
  });

  it('a UUID names a machine as well as a MAC', () => {
    const uuid = '1a2b3c4f-4d5e-6f7c-8091-a2b3c4d5e6f7';
    const byUuid = slot('edge-1', [{ uuid }], { lan0: { boot: true, address: ip('10.7.0.11') } });
    const bench = new Bench(revision({ slots: [byUuid] }));
    expect(summary(bench.ask(discover([...SPEAKS.bios, option('machineUuid', uuid)])))).toBe('offer 10.7.0.11');
  });
});

describe('a pool that runs out', () => {
  function full(): Bench {
    const bench = new Bench();
    for (let n = 0; n < 10; n++) {
      bench.later(1000);
      bench.lease(SPEAKS.ipxe, `52:54:00:00:01:0${n}`);
    }
    return bench;
  }

  it('is silent, and says so', () => {
    const decision = full().ask(discover());
    expect(summary(decision)).toBe('ignored: pool-exhausted');
    expect(decision.events.map(({ type }) => type)).toEqual(['pool-exhausted']);
  });

  it('gives expired addresses again, the oldest first, and the row changes hands', () => {
    const bench = full();
    bench.later(3_600_000);
    expect(summary(bench.lease())).toBe('ack 10.7.0.100');
    expect(summary(bench.lease([], '52:54:00:00:00:02'))).toBe('ack 10.7.0.101');
    expect(bench.state.leases.size).toBe(10);
  });

  it('under a flood the oldest offers give way, and nothing is written', () => {
    const bench = new Bench();
    for (let n = 0; n < 1000; n++) {
      const mac = `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
      const decision = bench.ask(discover([], mac));
      expect(decision.changes).toEqual([]);
      const address = decision.reply?.yiaddr ?? ip('0.0.0.0');
      expect(isInRange(address, NETWORK.pool ?? { first: ip('0.0.0.0'), last: ip('0.0.0.0') })).toBe(true);
    }
    expect(summary(bench.lease())).toMatch(/^ack/);
  });

  it('a network without a pool serves its reservations only', () => {
    const { pool: _none, ...poolless } = NETWORK;
    const reserved = slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.11') } });
    const bench = new Bench({ ...revision({ slots: [reserved] }), networks: { nodes: poolless } });
    expect(summary(bench.ask(discover()))).toBe('offer 10.7.0.11');
    expect(summary(bench.ask(discover([], '52:54:00:00:00:02')))).toBe('ignored: pool-exhausted');
  });
});

describe('who is left alone', () => {
  it.each([
    ['00:11:22:*', '00:11:22:33:44:55'],
    ['00-11-22-*', '00:11:22:33:44:55'],
    ['*:55', '00:11:22:33:44:55'],
    ['00:*:44:*', '00:11:22:33:44:55'],
    ['00:11:22:33:44:55', '00:11:22:33:44:55'],
  ])('pattern %s covers %s, whoever speaks', (pattern, mac) => {
    const bench = new Bench(revision({ unknownMachines: { ignore: [pattern] } }));
    expect(summary(bench.ask(discover([], mac)))).toBe('ignored: pattern');
    expect(summary(bench.ask(discover([], '52:54:00:00:00:02')))).toMatch(/^offer/);
  });

  it('unknown firmware, if the template says so; unknown systems get their lease', () => {
    const known = slot('edge-1', [{ mac: MAC }], {});
    const bench = new Bench(revision({ slots: [known], unknownMachines: { action: 'ignore' } }));
    const stranger = '52:54:00:00:00:02';
    expect(summary(bench.ask(discover(SPEAKS.bios, stranger)))).toBe('ignored: unknown-machine');
    expect(summary(bench.ask(discover(SPEAKS.ipxe, stranger)))).toBe('ignored: unknown-machine');
    expect(summary(bench.ask(discover(SPEAKS.os, stranger)))).toMatch(/^offer/);
    expect(summary(bench.ask(discover(SPEAKS.bios)))).toMatch(/^offer/);
  });

  it('firmware for which there is no loader, or not yet', () => {
    const bench = new Bench();
    const none = bench.ask(discover(SPEAKS.arm));
    expect(none.ignore).toEqual({ reason: 'no-loader', because: 'there is no loader for UEFI arm32' });
    bench.loaders = loaders('undionly.kpxe');
    const missing = bench.ask(discover(SPEAKS.uefi));
    expect(missing.ignore?.because).toBe('the loader snponly.efi is not here yet');
    expect(summary(bench.ask(discover(SPEAKS.bios)))).toMatch(/^offer/);
  });

  it('messages that no client sends, that have no type, or no sender', () => {
    const bench = new Bench();
    expect(summary(bench.ask({ ...discover(), op: 2 }))).toBe('ignored: not-a-request');
    expect(summary(bench.ask(message('offer')))).toBe('ignored: not-a-request');
    expect(summary(bench.ask({ ...discover(), options: [] }))).toBe('ignored: no-message-type');
    expect(summary(bench.ask(discover([], '00:00:00:00:00:00')))).toBe('ignored: no-identity');
    expect(summary(bench.ask(discover([], 'ff:ff:ff:ff:ff:ff')))).toBe('ignored: no-identity');
  });

  it('a zero hardware address with a client identifier is somebody', () => {
    const bench = new Bench();
    const id = (n: number) => option('clientId', Uint8Array.of(0, n));
    const nobody = '00:00:00:00:00:00';
    expect(summary(bench.lease([id(1)], nobody))).toBe('ack 10.7.0.100');
    expect(summary(bench.lease([id(2)], nobody))).toBe('ack 10.7.0.101');
    expect([...bench.state.leases.keys()]).toEqual(['nodes/id:0001', 'nodes/id:0002']);
  });
});

describe('what the answer says', () => {
  it('only what was asked for, besides what is mandatory', () => {
    const { reply } = new Bench().ask(discover([option('parameterList', [1, 15])]));
    expect(reply?.options.map(({ code }) => code)).toEqual([53, 54, 51, 58, 59, 1, 15]);
  });

  it('everything the network has, for a client that asks for nothing', () => {
    const { reply } = new Bench().ask(discover());
    expect(reply?.options.map(({ code }) => code)).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 26, 28, 42, 121]);
  });

  it('leases: short for firmware, long for systems, shorter if asked for, but never absurdly short', () => {
    const bench = new Bench();
    const wish = (seconds: number) => bench.ask(discover([option('leaseSeconds', seconds)]));
    expect(replied(bench.ask(discover(SPEAKS.bios)), 'leaseSeconds')).toBe(300);
    expect(replied(bench.ask(discover()), 'leaseSeconds')).toBe(1800);
    expect(replied(wish(600), 'leaseSeconds')).toBe(600);
    expect(replied(wish(0xffffffff), 'leaseSeconds')).toBe(1800);
    expect(replied(wish(1), 'leaseSeconds')).toBe(60);
    expect([replied(wish(600), 'renewalSeconds'), replied(wish(600), 'rebindingSeconds')]).toEqual([300, 525]);
  });

  it('siaddr, file, 66 and 67 agree, and 43 is as ROMs want it', () => {
    const decision = new Bench().ask(discover(SPEAKS.bios));
    expect([decision.reply?.siaddr, decision.reply?.file]).toEqual(['10.7.0.1', 'undionly.kpxe']);
    expect([replied(decision, 'tftpServerName'), replied(decision, 'bootFileName')]).toEqual([
      '10.7.0.1',
      'undionly.kpxe',
    ]);
    expect(decision.reply && rawOption(decision.reply, 43)).toEqual(Uint8Array.of(6, 1, 8, 255));
  });

  it('UEFI gets neither 60 nor 43, iPXE gets a script and never a loader', () => {
    const uefi = new Bench().ask(discover(SPEAKS.uefi)).reply;
    expect([60, 43].map((code) => uefi && rawOption(uefi, code))).toEqual([undefined, undefined]);
    const ipxe = new Bench().ask(discover(SPEAKS.ipxe));
    expect(ipxe.reply?.file).toBe('http://10.7.0.1/boot.ipxe');
    expect(replied(ipxe, 'ipxe')).toEqual([{ code: 176, bytes: Uint8Array.of(1) }]);
  });

  it('an installed system is told of no boot server, even if it asks', () => {
    const { reply } = new Bench().ask(discover([option('parameterList', [66, 67, 43, 60])]));
    expect([reply?.siaddr, reply?.file]).toEqual(['0.0.0.0', '']);
    expect(reply?.options.map(({ code }) => code)).toEqual([53, 54, 51, 58, 59, 1]);
  });

  it('97 comes back as it came, also if it is malformed, and not if it did not come', () => {
    const odd = { code: 97, bytes: Uint8Array.of(0, 1) };
    const { reply } = new Bench().ask(discover([...SPEAKS.bios, odd]));
    expect(reply && rawOption(reply, 97)).toEqual(odd.bytes);
    const without = new Bench().ask(discover(SPEAKS.bios)).reply;
    expect(without && rawOption(without, 97)).toBeUndefined();
    const empty = new Bench().ask(discover([...SPEAKS.bios, { code: 97, bytes: new Uint8Array(0) }])).reply;
    expect(empty && rawOption(empty, 97)).toBeUndefined();
  });

  it('stays within 548 bytes by leaving out what matters least, or as large as option 57 allows', () => {
    const options = [200, 201, 202].map((code) => ({ code, bytes: new Array<number>(200).fill(7) }));
    const bench = new Bench(revision({ network: { options } }));
    const small = bench.ask(discover(SPEAKS.bios)).reply;
    const large = bench.ask(discover([...SPEAKS.bios, option('maxMessageBytes', 1260)])).reply;
    expect(small && messageBytes(small)).toBeLessThanOrEqual(548);
    expect(small?.options.map(({ code }) => code)).toEqual([
      53, 54, 51, 58, 59, 1, 3, 6, 15, 26, 28, 42, 60, 43, 66, 67,
    ]);
    expect(large?.options.filter(({ code }) => code >= 200)).toHaveLength(3);
    expect(large && encodeMessage(large).ok).toBe(true);
  });
});

describe('where the answer goes', () => {
  it('to everybody, because the client has no address yet, with its flags', () => {
    const { to, reply } = new Bench().ask({ ...discover(), flags: 0x8000 });
    expect([to, reply?.flags]).toEqual([{ address: '255.255.255.255', port: 68 }, 0x8000]);
  });

  it('to everybody, whatever a newcomer writes into ciaddr', () => {
    expect(new Bench().ask({ ...discover(), ciaddr: ip('8.8.8.8') }).to?.address).toBe('255.255.255.255');
  });

  it('to the relay, with hops, giaddr and option 82 last', () => {
    const relayed = { ...discover([{ code: 82, bytes: Uint8Array.of(1, 1, 5) }]), giaddr: ip('10.7.0.77'), hops: 1 };
    const { to, reply } = new Bench().ask(relayed);
    expect([to, reply?.hops, reply?.giaddr]).toEqual([{ address: '10.7.0.77', port: 67 }, 1, '10.7.0.77']);
    expect(reply?.options.at(-1)?.code).toBe(82);
  });
});

describe('the time', () => {
  it('is offered as its own by a site that serves it, and left out by one that does not', () => {
    const bench = new Bench(revision({ network: { ntp: ['site', ip('10.7.0.250')] } }));
    expect(replied(bench.ask(discover()), 'ntpServers')).toEqual(['10.7.0.1', '10.7.0.250']);
    bench.servesTime = false;
    expect(replied(bench.ask(discover()), 'ntpServers')).toEqual(['10.7.0.250']);
    bench.plan = new Bench(revision({ network: { ntp: ['site'] } })).plan;
    expect(replied(bench.ask(discover()), 'ntpServers')).toBeUndefined();
  });
});
