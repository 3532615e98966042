import { expect, it } from 'vitest';
import { idsIn } from './asked-for.ts';

it('takes from the headers of NICs what is a MAC, and searches all machines for nothing else', () => {
  const headers = {
    'x-rhn-provisioning-mac-0': 'eth0 52:54:00:00:00:01',
    'x-rhn-provisioning-mac-1': 'eth1 made-up',
    'x-system-serial-number': 'CZC123',
  };
  expect(idsIn({ query: { serial: '$\u007bserial}' }, headers })).toEqual(['52:54:00:00:00:01', 'CZC123']);
});
