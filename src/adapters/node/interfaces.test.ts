import { describe, expect, it } from 'vitest';
import { type Ipv4, parseSubnet, type Subnet } from '../../kernel/ipv4.ts';
import { findAddress, parseIpJson, systemDevices } from './interfaces.ts';

const subnet = parseSubnet('10.1.0.0/24') as Subnet;
const at = (address: string, prefix: number) => ({ address: address as Ipv4, prefix });
const source = () => [
  { name: 'eth0', addresses: [at('192.168.0.4', 24), at('10.1.0.1', 24)] },
  { name: 'eth1', addresses: [at('10.2.0.1', 16)] },
  { name: 'eth2', hasCarrier: false, addresses: [] },
  { name: 'eth3', hasCarrier: true, addresses: [] },
];

const failureOf = (name: string) => {
  try {
    return findAddress(name, subnet, source);
  } catch (error) {
    return error;
  }
};

describe('network devices', () => {
  it('answer with the address that lies in the subnet', () => {
    expect(findAddress('eth0', subnet, source)).toBe('10.1.0.1');
  });

  it('are read from what ip says, without a cable too', () => {
    const text = JSON.stringify([
      {
        ifname: 'br0',
        flags: ['BROADCAST', 'UP'],
        address: '52:54:00:00:00:01',
        addr_info: [
          { family: 'inet', local: '10.1.0.1', prefixlen: 24 },
          { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
        ],
      },
      { ifname: 'tun0', flags: ['UP', 'LOWER_UP'] },
    ]);
    expect(parseIpJson(text)).toEqual([
      { name: 'br0', mac: '52:54:00:00:00:01', hasCarrier: false, addresses: [at('10.1.0.1', 24)] },
      { name: 'tun0', hasCarrier: true, addresses: [] },
    ]);
  });

  it.each([
    ['eth1', 'interface-without-address', 'it has 10.2.0.1/16'],
    ['eth2', 'interface-without-address', 'no cable is plugged in'],
    ['eth3', 'interface-without-address', 'it has no IPv4 address'],
    ['enp3s0', 'interface-missing', 'there are eth0, eth1'],
  ])('say what is wrong with %s', (name, code, words) => {
    expect(failureOf(name)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('are read from this machine', () => {
    expect(systemDevices().find(({ name }) => name === 'lo')).toMatchObject({ name: 'lo' });
  });
});
