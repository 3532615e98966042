import { describe, expect, it } from 'vitest';
import { ip, NETWORK } from '../../test/packets/world.ts';
import { type DhcpRole, leasedByAnother } from './dhcp-role.ts';

/** Like the real one, a class: its methods are worth nothing without it. */
class Found {
  readonly #role: DhcpRole;

  constructor(role: DhcpRole) {
    this.#role = role;
  }

  roleOf(): DhcpRole {
    return this.#role;
  }
}

describe('whether another server leases an address', () => {
  it.each<[string, DhcpRole, boolean]>([
    ['10.7.0.9', 'proxy', true],
    ['10.7.0.9', 'authoritative', false],
    ['10.7.0.9', 'looking', false],
    ['10.8.0.9', 'proxy', false],
  ])('%s in role %s: %s', (address, role, expected) => {
    expect(leasedByAnother(ip(address), { nodes: NETWORK }, new Found(role)) !== undefined).toBe(expected);
  });
});
