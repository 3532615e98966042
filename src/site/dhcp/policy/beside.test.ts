import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, replied, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, revision, SITE, slot } from '../../../../test/packets/world.ts';
import { applyChanges } from '../../../model/state.ts';
import { BROADCAST_FLAG } from '../codec/message.ts';
import type { MessageType } from '../codec/options.ts';
import { option } from '../codec/options.ts';
import { openLetter } from './decide.ts';
import { signalOf } from './signal.ts';
import { voidLeases } from './void-leases.ts';

const OTHER = ip('10.7.0.250');
const uuid = { code: 97, bytes: Uint8Array.of(0, ...Array.from({ length: 16 }, (_, i) => i)) };

function beside(
  action: { heldBesideOthers?: true } = { heldBesideOthers: true },
  slots = [] as ReturnType<typeof slot>[],
) {
  const bench = new Bench(revision({ network: { mode: 'proxy' }, unknownMachines: action, slots }));
  return {
    bench,
    ask: (type: MessageType, ...parts: Parameters<typeof message> extends [unknown, ...infer Rest] ? Rest : never) =>
      bench.ask(message(type, ...parts)),
  };
}

describe('beside another server', () => {
  it.each([
    ['bios', SPEAKS.bios, 'undionly.kpxe', true],
    ['uefi', SPEAKS.uefi, 'snponly.efi', false],
    ['ipxe', SPEAKS.ipxe, 'http://10.7.0.1/boot.ipxe', false],
  ] as const)('%s is offered its boot, no address and nothing of the network', (_, speaks, file, has43) => {
    const answer = beside().ask('discover', [...speaks, uuid], { flags: BROADCAST_FLAG });
    expect(answer.reply).toMatchObject({
      yiaddr: '0.0.0.0',
      ciaddr: '0.0.0.0',
      siaddr: SITE.address,
      file,
      flags: BROADCAST_FLAG,
    });
    expect(answer.to).toEqual({ address: '255.255.255.255', port: 68 });
    const codes = answer.reply?.options.map(({ code }) => code) ?? [];
    expect(codes).toEqual([53, ...(has43 ? [43] : []), 54, 60, 66, 67, 97]);
    expect([replied(answer, 'serverId'), replied(answer, 'vendorClass')]).toEqual([SITE.address, 'PXEClient']);
    expect([answer.changes, answer.events, answer.pool]).toEqual([[], [], undefined]);
  });

  it('an offer goes nowhere but to the wire, whatever address the question names', () => {
    const answer = beside().ask('discover', SPEAKS.bios, { ciaddr: ip('203.0.113.9') });
    expect(answer.to).toEqual({ address: '255.255.255.255', port: 68 });
  });

  it('through a relay it goes back to the relay, whose own words come last', () => {
    const said = { code: 82, bytes: Uint8Array.of(1, 1, 7) };
    const answer = beside().ask('discover', [said, ...SPEAKS.uefi, uuid], { giaddr: ip('10.7.0.2'), hops: 1 });
    expect(answer.to).toEqual({ address: '10.7.0.2', port: 67 });
    expect(answer.reply).toMatchObject({ giaddr: '10.7.0.2', hops: 1 });
    expect(answer.reply?.options.at(-1)).toEqual(said);
  });

  it.each<[MessageType]>([['request'], ['inform'], ['release'], ['decline']])(
    '%s is between the client and the other',
    (type) => {
      const { bench, ask } = beside();
      const parts = { ciaddr: ip('10.7.0.100') };
      for (const speaks of [SPEAKS.bios, SPEAKS.ipxe, SPEAKS.os]) {
        const answer = ask(
          type,
          [...speaks, option('serverId', OTHER), option('requestedAddress', ip('10.7.0.100'))],
          parts,
        );
        expect(summary(answer)).toBe('ignored: not-leasing');
      }
      expect(bench.state.leases.size).toBe(0);
    },
  );

  it('a renewal of what it leased itself once is left to the other, too', () => {
    const bench = new Bench(revision({ unknownMachines: { heldBesideOthers: true } }));
    expect(summary(bench.lease(SPEAKS.os))).toBe('ack 10.7.0.100');
    bench.role = 'proxy';
    expect(summary(bench.ask(message('request', [], { ciaddr: ip('10.7.0.100') })))).toBe('ignored: not-leasing');
  });

  it('an installed system is left alone', () => {
    const answer = beside().ask('discover', SPEAKS.os);
    expect(answer.ignore?.because).toBe('it does not boot by the network, and another server leases in network nodes');
  });

  it('an unknown machine is left alone unless the template itself says hold', () => {
    const because = beside({}).ask('discover', SPEAKS.bios).ignore?.because;
    expect(because).toBe(
      'it fits no slot, and another server leases in network nodes: such machines are left alone unless the template says `action: hold`',
    );
    const known = beside({}, [slot('pos-1', [{ mac: MAC }], {})]);
    expect(summary(known.ask('discover', SPEAKS.bios))).toBe('offer 0.0.0.0');
  });

  it('a kind whose loader ends at the other server is left alone, and told apart from one without a loader', () => {
    const arm64 = [option('vendorClass', 'PXEClient:Arch:00011:UNDI:003016'), option('clientArch', [11])];
    const { ask } = beside();
    expect([arm64, SPEAKS.arm].map((speaks) => ask('discover', speaks).ignore?.because)).toEqual([
      'there is no loader for UEFI arm64 where another server leases',
      'there is no loader for UEFI arm32',
    ]);
  });

  it('while the site looks for other servers it says nothing at all', () => {
    const { bench, ask } = beside();
    bench.role = 'looking';
    for (const type of ['discover', 'request'] as const)
      expect(ask(type, SPEAKS.bios).ignore?.because).toBe('it is not known yet whether another server leases in nodes');
  });

  it('what was leased here before ends, and its rows stay', () => {
    const bench = new Bench(revision({ unknownMachines: { heldBesideOthers: true } }));
    bench.lease(SPEAKS.os);
    expect(voidLeases(bench.state, bench.plan, bench.now)).toBeUndefined();
    const voided = voidLeases(bench.state, { ...bench.plan, role: 'proxy' }, bench.now);
    expect(voided?.events[0]?.sentence).toBe('Another server leases in network nodes: a lease of this site ended.');
    applyChanges(bench.state, voided?.changes ?? []);
    expect(bench.leaseOf()).toMatchObject({ state: 'released', address: '10.7.0.100', expiresAt: bench.now });
    expect(voidLeases(bench.state, { ...bench.plan, role: 'proxy' }, bench.now)).toBeUndefined();
  });

  it('a system that takes its address from the other is seen to run; it is told nothing', () => {
    const { bench } = beside();
    const asked = message('request', [option('serverId', OTHER), option('requestedAddress', ip('10.7.0.60'))]);
    const decision = bench.ask(asked);
    const letter = openLetter(asked, []);
    if (letter.kind !== 'letter') throw new Error('no letter');
    expect([decision.reply, signalOf(letter, decision, 5)]).toEqual([
      undefined,
      { kind: 'dhcp', at: 5, mac: MAC, client: 'os', clientKind: 'os', message: 'request', address: '10.7.0.60' },
    ]);
    const firmware = message('request', [...SPEAKS.bios, option('serverId', OTHER)]);
    const other = openLetter(firmware, []);
    if (other.kind === 'letter') expect(signalOf(other, bench.ask(firmware), 5)).toBeUndefined();
  });
});
