import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { Lease } from '../../../model/lease.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { createState } from '../../../model/state.ts';
import { sourceOf } from './source.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;
const ADDRESS = '10.0.0.11' as Ipv4;
const sites = [{ network: 'nodes', address: '10.0.0.1' as Ipv4, httpPort: 80 }];
const machine: Machine = {
  id: 'm1' as MachineId,
  evidence: [{ kind: 'mac', value: MAC, source: 'dhcp', firstSeen: 0, lastSeen: 0 }],
};
const boot: Boot = { id: 'b1' as BootId, machine: machine.id, mac: MAC, openedAt: 0, stage: 'seen', reached: {} };
const lease: Lease = {
  ...{ network: 'nodes', client: MAC, mac: MAC, address: ADDRESS, state: 'bound', holder: 'os' },
  ...{ startedAt: 0, expiresAt: 1_000 },
};

function stateWith(row: Lease, known = true) {
  return createState([
    { table: 'leases', key: 'nodes/x', row },
    ...(known ? ([{ table: 'machines', key: 'm1', row: machine }] as const) : []),
    { table: 'boots', key: 'b1', row: boot },
  ]);
}

describe('the source of a line', () => {
  it('is the machine that has the lease of its address', () => {
    expect(sourceOf(ADDRESS, sites, stateWith(lease), 999)).toEqual({ address: ADDRESS, mac: MAC, boot: 'b1' });
  });

  it('is nobody once the lease ran out or was given back', () => {
    expect(sourceOf(ADDRESS, sites, stateWith(lease), 1_000)).toBeUndefined();
    expect(sourceOf(ADDRESS, sites, stateWith({ ...lease, state: 'released' }), 1)).toBeUndefined();
  });

  it('is nobody at another address, in another network, or without a machine', () => {
    expect(sourceOf('10.0.0.12' as Ipv4, sites, stateWith(lease), 1)).toBeUndefined();
    expect(sourceOf(ADDRESS, sites, stateWith({ ...lease, network: 'guests' }), 1)).toBeUndefined();
    expect(sourceOf(ADDRESS, sites, stateWith(lease, false), 1)).toBeUndefined();
  });
});
