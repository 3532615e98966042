import { expect, test } from 'vitest';
import { parseIpv4 } from '../kernel/ipv4.ts';
import { loaderUrl, type SiteAddress } from './site-ports.ts';

const site = (httpPort: number): SiteAddress => ({
  network: 'nodes',
  address: parseIpv4('10.77.0.1') ?? expect.fail('not an address'),
  httpPort,
});

test('the address of a loader names the port only where firmware would not guess it', () => {
  expect(loaderUrl(site(80), 'snponly.efi')).toBe('http://10.77.0.1/boot/loader/snponly.efi');
  expect(loaderUrl(site(8080), 'snponly.efi')).toBe('http://10.77.0.1:8080/boot/loader/snponly.efi');
});
