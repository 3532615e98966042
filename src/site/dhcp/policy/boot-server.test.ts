import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, replied, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { ip, loaders, revision, SITE } from '../../../../test/packets/world.ts';
import type { Endpoint } from '../../../kernel/udp.ts';
import { encodeMessage } from '../codec/message.ts';
import type { MessageType } from '../codec/options.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import { decideBootServer } from './boot-server.ts';
import { clientOf } from './client.ts';
import type { Decision } from './decision.ts';

const FROM: Endpoint = { address: ip('10.7.0.77'), port: 4011 };
const UUID = '1a2b3c4f-4d5e-6f7c-8091-a2b3c4d5e6f7';

function ask(
  speaks: readonly RawOption[],
  { bench = new Bench(), from = FROM, type = 'request' as MessageType } = {},
): Decision {
  const asked = message(type, speaks, { ciaddr: from.address });
  const client = clientOf(asked);
  if (!client) throw new Error('nobody sent it');
  const { plan, state, now, servesTime, loaders: table } = bench;
  const context = {
    now,
    plan,
    state,
    loaders: table,
    servesTime,
    pool: bench.pool.view(plan, state, now),
    ways: bench.ways,
  };
  return decideBootServer(type, { message: asked, client, context }, from);
}

describe('a request at the boot server port', () => {
  it('of EDK2 is answered with its loader, to the port it came from', () => {
    const decision = ask([...SPEAKS.uefi, option('machineUuid', UUID)]);
    expect(decision.to).toEqual(FROM);
    expect(decision.reply).toMatchObject({ ciaddr: FROM.address, yiaddr: '0.0.0.0', siaddr: SITE.address });
    expect(decision.reply?.file).toBe('snponly.efi');
    expect(replied(decision, 'serverId')).toBe(SITE.address);
    expect(replied(decision, 'vendorClass')).toBe('PXEClient');
    expect(replied(decision, 'tftpServerName')).toBe(SITE.address);
    expect(replied(decision, 'bootFileName')).toBe('snponly.efi');
    expect(replied(decision, 'machineUuid')).toBe(UUID);
  });

  it('comes of the third form of an offer here, too, of whoever took no other', () => {
    const bench = new Bench();
    const discovered = (): Decision => bench.ask(message('discover', SPEAKS.uefi));
    for (let n = 0; n < 4; n++, bench.later(4_000)) discovered();
    const offer = discovered();
    expect([replied(offer, 'vendorClass'), replied(offer, 'bootFileName')]).toEqual(['PXEClient', 'snponly.efi']);
    const codes = (decision: Decision) => decision.reply?.options.map(({ code }) => code);
    expect(codes(offer)).not.toContain(43);
    const leased = bench.lease(SPEAKS.uefi);
    expect(codes(leased)).not.toContain(43);
    const from = { address: leased.reply?.yiaddr ?? FROM.address, port: 4011 };
    expect(ask(SPEAKS.uefi, { bench, from }).reply?.file).toBe('snponly.efi');
  });

  it('of a BIOS ROM is answered at its own port', () => {
    const decision = ask(SPEAKS.bios, { from: { ...FROM, port: 68 } });
    expect(decision.to?.port).toBe(68);
    expect(decision.reply?.file).toBe('undionly.kpxe');
    expect(decision.reply?.options.filter(({ code }) => code === 60)).toHaveLength(1);
  });

  it('of iPXE is answered with its script', () => {
    expect(ask(SPEAKS.ipxe).reply?.file).toBe('http://10.7.0.1/boot.ipxe');
  });

  it('says nothing of a lease or of the network, and changes nothing', () => {
    const decision = ask(SPEAKS.uefi);
    expect(decision.reply?.options.map(({ code }) => code)).toEqual([53, 54, 60, 66, 67]);
    expect([decision.changes, decision.events, decision.pool]).toEqual([[], [], undefined]);
    expect(decision.reply && encodeMessage(decision.reply).ok).toBe(true);
  });

  it.each([
    ['a running system', SPEAKS.os, {}, 'ignored: not-a-request'],
    ['a kind without a loader', SPEAKS.arm, {}, 'ignored: no-loader'],
    [
      'an address of another network',
      SPEAKS.uefi,
      { from: { ...FROM, address: ip('192.0.2.7') } },
      'ignored: no-network',
    ],
    ['no address', SPEAKS.uefi, { from: { ...FROM, address: ip('0.0.0.0') } }, 'ignored: no-network'],
    ['a DISCOVER', SPEAKS.uefi, { type: 'discover' as const }, 'ignored: not-a-request'],
    ['an INFORM', SPEAKS.uefi, { type: 'inform' as const }, 'ignored: not-a-request'],
  ])('%s gets no answer', (_name, speaks, how, expected) => {
    expect(summary(ask(speaks, how))).toBe(expected);
  });

  it('gets no answer while its loader is not here, and where the template says to leave it alone', () => {
    const empty = new Bench();
    empty.loaders = loaders('undionly.kpxe');
    expect(summary(ask(SPEAKS.uefi, { bench: empty }))).toBe('ignored: loader-missing');
    const shy = new Bench(revision({ unknownMachines: { ignore: [`${MAC.slice(0, 8)}:*`] } }));
    expect(summary(ask(SPEAKS.uefi, { bench: shy }))).toBe('ignored: pattern');
  });
});
