import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DhcpMessage, decodeMessage } from '../../src/site/dhcp/codec/message.ts';
import { messageTypeOf, option } from '../../src/site/dhcp/codec/options.ts';
import { readRequest } from '../packets/hex.ts';
import {
  ATTACKERS,
  type BesiegedSite,
  besiege,
  createDice,
  get,
  HONEST,
  POS_MAC,
  SITE_ADDRESS,
} from './support/besieged-site.ts';
import { forged, openRelay, relayed } from './support/dhcp-client.ts';
import { flood } from './support/flood.ts';
import { rrq } from './support/tftp-client.ts';

const [ATTACKER, SECOND] = ATTACKERS;
const POS_ADDRESS = '10.66.0.11';
const requests = readdirSync(new URL('../packets/requests', import.meta.url)).map((file) => file.replace('.hex', ''));
const dice = createDice();

let site: BesiegedSite;
beforeAll(async () => {
  site = await besiege('datagrams');
});
afterAll(() => site?.end());

const macOf = (index: number) =>
  `52:54:01:${[16, 8, 0].map((shift) => ((index >> shift) & 255).toString(16).padStart(2, '0')).join(':')}`;

async function machines(): Promise<number> {
  const answer = JSON.parse((await get('/api/v1/nodes', { from: HONEST })).body) as { machines: unknown[] };
  return answer.machines.length;
}

describe('UDP 67', () => {
  test('noise, lies about lengths and mutations of real packets are counted and forgotten', async () => {
    const before = site.cost();
    await flood({ port: 67, count: 3_000, make: (i) => dice.bytes(i % 600) });
    await flood({ port: 67, count: 20, make: (i) => dice.bytes(65_507 - i) });
    await flood({
      port: 67,
      count: 6_000,
      make: (i) => {
        const bytes = Uint8Array.from(readRequest(requests[i % requests.length] ?? ''));
        for (let hits = dice.number(8); hits >= 0; hits--) bytes[dice.number(bytes.length)] = dice.number(256);
        return bytes.subarray(0, i % 5 === 0 ? dice.number(bytes.length) : bytes.length);
      },
    });
    await site.checkServes();
    const after = site.cost();
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
    expect(after.rssMiB - before.rssMiB).toBeLessThan(150);
    expect(after.logBytes - before.logBytes).toBeLessThan(2_000_000);
    expect(site.log()).not.toContain('a packet brought up a bug');
  });

  test('a flood of DISCOVERs from made-up machines writes no rows', async () => {
    const before = await machines();
    await flood({ port: 67, count: 8_000, make: (i) => relayed('bios-rom-discover', macOf(i), SECOND) });
    await site.checkServes();
    expect(await machines()).toBe(before);
  });

  test('INFORMs, lists of wanted options and sizes of all kinds cost an answer at most', async () => {
    const before = site.cost();
    const lists = [[], [0], [255], Array.from({ length: 255 }, (_, i) => i), Array.from({ length: 255 }, () => 121)];
    const sizes = [0, 1, 67, 300, 575, 576, 1500, 9000, 65535];
    const informs = lists.flatMap((list) =>
      sizes.map((size) =>
        forged({
          ...{ mac: macOf(list.length + size), type: 'inform', ciaddr: ATTACKER },
          more: [option('parameterList', list), option('maxMessageBytes', size)],
        }),
      ),
    );
    await flood({ port: 67, count: 6_000, make: (i) => informs[i % informs.length] ?? new Uint8Array() });
    await site.checkServes();
    const after = site.cost();
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
    expect(after.rssMiB - before.rssMiB).toBeLessThan(100);
    expect(after.logBytes - before.logBytes).toBeLessThan(1_000_000);
    expect(site.log()).not.toContain('a packet brought up a bug');
  });

  test('a stranger takes, gives back or declines nobody else’s address', async () => {
    const relay = await openRelay(SECOND);
    const ask = async (bytes: Uint8Array): Promise<DhcpMessage> => {
      relay.send(bytes, 67, SITE_ADDRESS);
      const [reply] = (await once(relay, 'message', { signal: AbortSignal.timeout(2_000) })) as [Uint8Array];
      const decoded = decodeMessage(reply);
      if (!decoded.ok) throw new Error(decoded.error.sentence);
      return decoded.value;
    };
    const giaddr = SECOND;
    const stranger = macOf(77);
    const take = (mac: string) => ask(forged({ mac, type: 'request', giaddr, requested: POS_ADDRESS }));
    expect(messageTypeOf(await take(POS_MAC))).toBe('ack');
    expect(messageTypeOf(await take(stranger))).toBe('nak');
    for (const address of [SITE_ADDRESS, '10.66.0.255', '10.66.0.0', '0.0.0.0', '255.255.255.255'])
      expect(messageTypeOf(await ask(forged({ mac: stranger, type: 'request', giaddr, requested: address })))).toBe(
        'nak',
      );
    relay.send(forged({ mac: stranger, type: 'release', giaddr, ciaddr: POS_ADDRESS }), 67, SITE_ADDRESS);
    for (let host = 1; host < 255; host++)
      relay.send(forged({ mac: stranger, type: 'decline', giaddr, requested: `10.66.0.${host}` }), 67, SITE_ADDRESS);
    await site.checkServes();
    expect(messageTypeOf(await take(stranger))).toBe('nak');
    expect(messageTypeOf(await take(POS_MAC))).toBe('ack');
    relay.close();
  });
});

describe('UDP 4011', () => {
  test('noise and real packets that were meant for port 67 are answered or forgotten', async () => {
    const before = site.cost();
    await flood({ port: 4011, count: 2_000, make: (i) => dice.bytes(i % 600) });
    await flood({
      port: 4011,
      count: 4_000,
      make: (i) => {
        const bytes = Uint8Array.from(readRequest(requests[i % requests.length] ?? ''));
        for (let hits = dice.number(4); hits > 0; hits--) bytes[dice.number(bytes.length)] = dice.number(256);
        return bytes;
      },
    });
    await site.checkServes();
    const after = site.cost();
    expect(after.rssMiB - before.rssMiB).toBeLessThan(100);
    expect(after.logBytes - before.logBytes).toBeLessThan(1_000_000);
    expect(site.log()).not.toContain('a packet brought up a bug');
  });
});

describe('UDP 69', () => {
  test('acknowledgements and errors of strangers end nobody’s transfer', async () => {
    await flood({
      port: 69,
      count: 3_000,
      sockets: 30,
      make: (i) => Uint8Array.of(0, 3 + (i % 3), dice.number(256), dice.number(256), ...dice.bytes(i % 20)),
    });
    await site.checkServes();
    expect(site.log()).not.toContain('failed through a bug');
  });

  test('ten thousand requests that nobody confirms leave room for others', async () => {
    const before = site.cost();
    await flood({ port: 69, count: 10_000, from: ATTACKER, sockets: 500, make: () => rrq('boot.ipxe') });
    await site.checkServes();
    expect(site.cost().descriptors - before.descriptors).toBeLessThan(64);
    expect(site.cost().logBytes - before.logBytes).toBeLessThan(500_000);
  });

  test('thousands of GRUBs that are made up leave no row, and a log that a person can read', async () => {
    const before = site.cost();
    const count = await machines();
    const name = (i: number) =>
      `grub/ask/mac=${macOf(i)}&buildarch=x86_64&platform=efi&waited=00000&giveup=${i % 2}&step=kernel&serial=${i}&product=${'x'.repeat(i % 900)}`;
    await flood({ port: 69, count: 4_000, sockets: 400, make: (i) => rrq(name(i), 'blksize', '1024', 'tsize', '0') });
    await site.checkServes();
    expect(await machines()).toBe(count);
    expect(site.cost().descriptors - before.descriptors).toBeLessThan(64);
    expect(site.cost().rssMiB - before.rssMiB).toBeLessThan(100);
    expect(site.cost().logBytes - before.logBytes).toBeLessThan(500_000);
  });

  test('names of all kinds find nothing, options of all kinds break nothing', async () => {
    const names = [
      '../../etc/shadow',
      '..\\..\\etc\\shadow',
      '/etc/shadow',
      '%2e%2e/x',
      '',
      'a'.repeat(60_000),
      '__proto__',
      'grub/ask/',
      'grub/ask/mac=',
      `grub/ask/mac=${POS_MAC.slice(0, -1)}`,
      `grub/ask/mac=${POS_MAC}&serial=../../etc/shadow`,
      `grub/ask/mac=${POS_MAC}&serial=%00%ff%`,
      `grub/ask/mac=${POS_MAC}&serial=${'&mac='.repeat(5_000)}`,
      'grub/ask/../grub.cfg',
      'assets/sha256/../../token.key/x',
      `assets/sha256/${'0'.repeat(64)}/x`,
      Buffer.from([0xff, 0xfe, 0x2f, 0xff]),
    ];
    const options = [
      ['blksize', '0'],
      ['blksize', '65464'],
      ['windowsize', '0'],
      ['windowsize', '65535'],
      ['tsize', '-1'],
      ['timeout', '0'],
      ['timeout', '1e9'],
      ['blksize', '99999999999999999999'],
      ['x'.repeat(500)],
    ];
    await flood({
      port: 69,
      count: 2_000,
      sockets: 20,
      make: (i) => rrq(names[i % names.length] ?? '', ...(options[i % options.length] ?? [])),
    });
    await flood({
      port: 69,
      count: 1_000,
      sockets: 10,
      make: (i) => Buffer.concat([rrq('boot.ipxe'), dice.bytes(i % 90)]),
    });
    await flood({ port: 69, count: 2_000, make: (i) => dice.bytes(i % 60) });
    await site.checkServes();
    expect(site.log()).not.toContain('root:');
    expect(site.log()).not.toContain('failed through a bug');
  });
});
