import { describe, expect, it } from 'vitest';
import { leaseChange, POS_ADDRESS, POS_MAC, SITE, sampleLease } from '../../test/support/sample-site.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import { findPeer, hasSecrets, holeValuesFor, nocloudUrl } from './peer.ts';
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

describe('the places of a text', () => {
  const own = 'http://10.1.0.1:8080/documents/52-54-00-00-00-01';

  it('are filled with the addresses of its network', () => {
    expect(holeValuesFor(second, POS_MAC)).toEqual({
      'boot.url.base': 'http://10.1.0.1:8080',
      'boot.url.registry': 'http://10.1.0.1:5000',
      'boot.registryHost': '10.1.0.1:5000',
      'boot.url.nocloud': 'http://10.1.0.1:8080/nocloud/52-54-00-00-00-01/',
      'boot.url.talos': `${own}/talos`,
      'boot.url.ignition': `${own}/ignition`,
      'boot.url.preseed': `${own}/preseed`,
      'boot.url.kickstart': `${own}/kickstart`,
      'boot.mac': POS_MAC,
      'boot.serverAddress': '10.1.0.1',
    });
    expect(nocloudUrl(SITE, POS_MAC)).toBe('http://10.0.0.1/nocloud/52-54-00-00-00-01/');
  });

  it('lead to secret documents by the token, and to the others without it', () => {
    const text = { kind: 'text', text: '', fill: false } as const;
    const documents = { talos: { ...text, secret: true }, preseed: { ...text, secret: false } };
    const values = holeValuesFor(second, POS_MAC, { token: 'T', documents });
    expect(values).toMatchObject({
      'boot.url.talos': 'http://10.1.0.1:8080/t/T/talos',
      'boot.url.preseed': `${own}/preseed`,
      'boot.url.nocloud': 'http://10.1.0.1:8080/nocloud/52-54-00-00-00-01/',
    });
    expect([hasSecrets(documents), hasSecrets({ preseed: documents.preseed })]).toEqual([true, false]);
  });

  it.each(['user-data', 'network-config'])('lead a whole NoCloud seed by the token where %s is secret', (name) => {
    const documents = { [name]: { kind: 'text', text: '', fill: false, secret: true } as const };
    expect(holeValuesFor(SITE, POS_MAC, { token: 'T', documents })['boot.url.nocloud']).toBe('http://10.0.0.1/t/T/');
  });
});
