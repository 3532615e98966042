import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastOf,
  hostAt,
  type Ipv4,
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4ToBytes,
  ipv4ToNumber,
  isInRange,
  isInSubnet,
  netmask,
  parseIpv4,
  parseSubnet,
  type Subnet,
  sizeOf,
} from './ipv4.ts';
import { isIdentifyingMac, type MacAddress, macFromBytes, macToBytes, parseMac } from './mac.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const ip = (text: string) => text as Ipv4;
const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

describe('an IPv4 address', () => {
  it.each(['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.4 ', '1.2.3.-4', '::1'])('is not %j', (text) =>
    expect(parseIpv4(text)).toBeUndefined(),
  );

  it('is the same as text, number and bytes', () => {
    const same = fc.property(fc.nat(0xffffffff), (n) => {
      const address = ipv4FromNumber(n);
      expect(parseIpv4(address)).toBe(address);
      expect(ipv4ToNumber(address)).toBe(n);
      expect(ipv4FromBytes(ipv4ToBytes(address))).toBe(address);
    });
    fc.assert(same, { seed });
  });
});

describe('a subnet', () => {
  it.each(['10.0.0.0', '10.0.0.1/24', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/24/8', '10.0.0.0/-1'])(
    'is not %j',
    (text) => expect(parseSubnet(text)).toBeUndefined(),
  );

  it.each([
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255', 2 ** 32],
    ['192.168.0.0/16', '255.255.0.0', '192.168.255.255', 65_536],
    ['200.1.2.128/25', '255.255.255.128', '200.1.2.255', 128],
    ['10.0.0.7/32', '255.255.255.255', '10.0.0.7', 1],
  ])('%s has its mask, its last address and its size', (text, mask, last, size) => {
    const net = subnet(text);
    expect([netmask(net), broadcastOf(net), sizeOf(net)]).toEqual([mask, last, size]);
    expect([isInSubnet(net.network, net), isInSubnet(ip(last), net)]).toEqual([true, true]);
  });

  it('knows its neighbours from its own', () => {
    const net = subnet('200.1.2.128/25');
    expect([isInSubnet(ip('200.1.2.127'), net), isInSubnet(ip('200.1.3.0'), net)]).toEqual([false, false]);
    expect([hostAt(net, 1), hostAt(net, 127), hostAt(net, 128), hostAt(net, -1)]).toEqual([
      '200.1.2.129',
      '200.1.2.255',
      undefined,
      undefined,
    ]);
  });

  it('a range holds both its ends, above 128.0.0.0 too', () => {
    const range = { first: ip('127.255.255.254'), last: ip('128.0.0.1') };
    const inside = ['127.255.255.253', '127.255.255.254', '128.0.0.1', '128.0.0.2'].map((a) => isInRange(ip(a), range));
    expect(inside).toEqual([false, true, true, false]);
  });
});

describe('a MAC address', () => {
  it.each(['52:54:00:AB:0C:01', '52-54-00-ab-0c-01', '525400ab0c01', '52:54:0:ab:c:1'])('%s is read', (text) =>
    expect(parseMac(text)).toBe('52:54:00:ab:0c:01'),
  );

  it.each(['', '52:54:00:ab:0c', '52:54:00:ab:0c:01:02', '52:54:00:ab:0c:0g', '525400ab0c0'])('%j is none', (text) =>
    expect(parseMac(text)).toBeUndefined(),
  );

  it('is the same as bytes', () => {
    const same = fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      expect(macToBytes(macFromBytes(bytes) as MacAddress)).toEqual(bytes);
    });
    fc.assert(same, { seed });
    expect(macFromBytes(new Uint8Array(5))).toBeUndefined();
  });

  it.each([
    ['00:00:00:00:00:00', false],
    ['ff:ff:ff:ff:ff:ff', false],
    ['01:00:5e:00:00:01', false],
    ['52:54:00:00:00:01', true],
    ['02:00:00:00:00:00', true],
  ])('%s names somebody: %s', (mac, names) => expect(isIdentifyingMac(mac as MacAddress)).toBe(names));
});
