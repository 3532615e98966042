import type { Issuer } from '../../model/fleet/x509.ts';

const BLOCK = /-----BEGIN ([A-Z ]+)-----\n([A-Za-z0-9+/=\n]+)-----END \1-----\n?/g;

/** Keys with their certificates, one after the other, as openssl reads them too. */
export function formatPem(pairs: readonly Issuer[]): string {
  return pairs.map(({ key, certificate }) => `${key.trimEnd()}\n${certificatePem(certificate)}`).join('');
}

/** What `formatPem` wrote; undefined if it is anything else. */
export function parsePem(text: string): readonly Issuer[] | undefined {
  const blocks = [...text.matchAll(BLOCK)].map(([whole, label, body]) => ({ whole, label, body: body ?? '' }));
  if (text.replace(BLOCK, '').trim() !== '' || blocks.length % 2 !== 0) return undefined;
  const pairs: Issuer[] = [];
  for (let i = 0; i < blocks.length; i += 2) {
    const [key, certificate] = [blocks[i], blocks[i + 1]];
    if (key?.label !== 'PRIVATE KEY' || certificate?.label !== 'CERTIFICATE') return undefined;
    pairs.push({ key: key.whole, certificate: new Uint8Array(Buffer.from(certificate.body, 'base64')) });
  }
  return pairs;
}

function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
