// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its settings like this.
import { describe, expect, it } from 'vitest';
import { POS_MAC } from '../../../../test/support/sample-site.ts';
import { parseBootQuery, parseQuery } from './boot-query.ts';
import { explainErrno, parseErrno } from './errno.ts';

function parse(query: string) {
  return parseBootQuery(parseQuery(`/boot/script?${query}`));
}

describe('a query of a loader', () => {
  it('is read as iPXE sends it', () => {
    expect(
      parse(
        'mac=52:54:00:00:00:01&platform=pcbios&buildarch=i386&longmode=yes&waited=3&giveup=1&step=kernel&errno=0x2d0c618e&uuid=U&serial=%20X1%20&manufacturer=QEMU&product=PC',
      ),
    ).toEqual({
      request: {
        claim: { mac: POS_MAC, uuid: 'U', serial: 'X1', manufacturer: 'QEMU', product: 'PC' },
        env: { platform: 'pcbios', buildarch: 'i386', longMode: 'yes' },
        waitedSeconds: 15,
        givenUp: true,
        isRetry: true,
      },
      trouble: '2d0c618e: the site has no such file (HTTP 404), at kernel',
    });
  });

  it('is read as GRUB sends it, which tells no number of an error', () => {
    const values = parseQuery(
      '/?mac=52:54:00:00:00:01&buildarch=arm64&platform=efi&waited=00012&giveup=&step=kernel&uuid=',
    );
    expect(parseBootQuery(values, 'grub')).toEqual({
      request: {
        claim: { mac: POS_MAC },
        env: { platform: 'efi', buildarch: 'arm64', longMode: 'unknown' },
        waitedSeconds: 60,
        givenUp: false,
        isRetry: true,
        loader: 'grub',
      },
      trouble: 'GRUB could not do it, at kernel; its screen said why',
    });
  });

  it('needs a MAC, and only that', () => {
    expect(parse('mac=52-54-00-00-00-01')).toEqual({
      request: {
        claim: { mac: POS_MAC },
        env: { platform: 'unknown', buildarch: '', longMode: 'unknown' },
        waitedSeconds: 0,
        givenUp: false,
        isRetry: false,
      },
    });
  });

  it.each(['', 'mac=', 'mac=${netX/mac}', 'mac=00:00:00:00:00:00', 'mac=ff:ff:ff:ff:ff:ff', 'serial=x'])(
    '%j names nobody',
    (query) => expect(parse(query)).toBeUndefined(),
  );

  it('a plus is a plus, and what cannot be decoded is kept', () => {
    const claim = parse(`mac=${POS_MAC}&manufacturer=A%20+%20B&product=%FFx&mac=52:54:00:00:00:02`)?.request.claim;
    expect(claim).toEqual({ mac: POS_MAC, manufacturer: 'A + B', product: '%FFx' });
  });

  it('nonsense in the other values is left out', () => {
    const query = parse(
      `mac=${POS_MAC}&waited=-1&buildarch=${'x'.repeat(40)}&platform=toaster&step=%0Ashell&errno=zzz&serial=${'s'.repeat(500)}`,
    );
    expect(query?.request).toMatchObject({
      waitedSeconds: 0,
      isRetry: false,
      env: { platform: 'unknown', buildarch: '' },
    });
    expect(query?.request.claim.serial).toHaveLength(128);
    expect(query?.trouble).toBeUndefined();
  });
});

describe('error numbers of iPXE', () => {
  it.each([
    ['0x4c0a6092', '4c0a6092: the site did not answer (TCP timed out)'],
    ['4c106092', '4c106092: it took too long'],
    ['38086193', '38086193: the network cable is not connected'],
    ['0x40ee119', '040ee119: no DHCP server answered'],
    [String(0x1d0c6539), '1d0c6539: the site could not answer (HTTP 5xx)'],
    ['0x55aa0000', '55aa0000: an error that ipxe.org/err explains'],
  ])('%s is %s', (text, sentence) => expect(explainErrno(parseErrno(text) ?? '')).toBe(sentence));

  it.each(['', '0', '0x0', 'abc', '0xffffffff', '99999999999'])('%j is none', (text) =>
    expect(parseErrno(text)).toBeUndefined(),
  );
});
