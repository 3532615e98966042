import { describe, expect, it } from 'vitest';
import { leaseChange, POS_ADDRESS, POS_MAC, SITE, sampleLease } from '../../test/support/sample-site.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import { findPeer, holeValuesFor, nocloudUrl } from './peer.ts';
import type { SiteAddress } from './site-ports.ts';
import { createState } from './state.ts';

const second: SiteAddress = { network: 'cameras', address: '10.1.0.1' as Ipv4, httpPort: 8080 };
const state = createState([leaseChange(sampleLease())]);

describe('who is at the other end', () => {
  it.each([POS_ADDRESS, `::ffff:${POS_ADDRESS}`, `::FFFF:${POS_ADDRESS}`])('%s has its lease', (remote) => {
    expect(findPeer(remote, '10.0.0.1', [SITE, second], state)).toMatchObject({
      address: POS_ADDRESS,
      site: SITE,
      lease: { mac: POS_MAC },
    });
  });

  it('is nobody behind a Unix socket, which has no addresses', () => {
    expect(findPeer(undefined, '', [SITE], state)).toEqual({ address: '0.0.0.0', site: SITE, lease: undefined });
  });

  it('is answered as in the network whose address it spoke to', () => {
    expect(findPeer('10.1.0.7', '::ffff:10.1.0.1', [SITE, second], state)).toEqual({
      address: '10.1.0.7',
      site: second,
      lease: undefined,
    });
  });

  it('is answered as in the network of its lease where nobody knows what it spoke to', () => {
    const camera = sampleLease({ network: 'cameras', address: '10.1.0.7' as Ipv4 });
    const leased = createState([leaseChange(sampleLease()), leaseChange(camera)]);
    expect(findPeer('10.1.0.7', '', [SITE, second], leased).site).toBe(second);
    expect(findPeer(POS_ADDRESS, '', [SITE, second], leased).site).toBe(SITE);
    expect(findPeer('10.1.0.9', '', [SITE, second], leased).site).toBe(SITE);
  });

  it.each(['127.0.0.1', '::1', 'fe80::1', ''])('%j is nobody with a lease', (remote) => {
    expect(findPeer(remote, '127.0.0.1', [SITE], state)).toMatchObject({ site: SITE, lease: undefined });
  });

  it('finds no site while none is served', () => expect(findPeer(POS_ADDRESS, '', [], state).site).toBeUndefined());

  it.each(['released', 'declined'] as const)('a %s address is nobody’s', (kind) => {
    const other = createState([leaseChange(sampleLease({ state: kind }))]);
    expect(findPeer(POS_ADDRESS, '10.0.0.1', [SITE], other).lease).toBeUndefined();
  });
});

it('the places of a text are filled with the addresses of its network', () => {
  expect(holeValuesFor(second, POS_MAC)).toEqual({
    'boot.url.base': 'http://10.1.0.1:8080',
    'boot.url.nocloud': 'http://10.1.0.1:8080/nocloud/52-54-00-00-00-01/',
    'boot.mac': POS_MAC,
    'boot.serverAddress': '10.1.0.1',
  });
  expect(nocloudUrl(SITE, POS_MAC)).toBe('http://10.0.0.1/nocloud/52-54-00-00-00-01/');
});
