import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Issuer } from '../../model/fleet/x509.ts';
import { x509 } from './x509.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const validity = { notBefore: NOW - 2 * DAY, notAfter: NOW + 90 * DAY };
const years = { notBefore: NOW - 2 * DAY, notAfter: NOW + 20 * 365 * DAY };

let dir: string;
let root: Issuer;
let other: Issuer;

async function makeRoot(name: string): Promise<Issuer> {
  const key = x509.createKey();
  return { key, certificate: await x509.createRoot({ name, key, validity: years }) };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-x509-'));
  // The very same name: who issued what is decided by the key alone.
  [root, other] = await Promise.all([makeRoot('Slipway central 1'), makeRoot('Slipway central 1')]);
});
afterAll(() => rmSync(dir, { recursive: true }));

function pemFile(name: string, der: Uint8Array, what = 'CERTIFICATE'): string {
  const path = join(dir, name);
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  writeFileSync(path, [`-----BEGIN ${what}-----`, ...lines, `-----END ${what}-----`, ''].join('\n'));
  return path;
}

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

async function siteLeaf(issuer: Issuer, key = x509.createKey()): Promise<Uint8Array> {
  const { publicKey } = x509.publicKeyOf(key);
  return x509.issue({ role: 'site', site: 'store-0417', publicKey, validity }, issuer);
}

describe('a certificate', () => {
  it('of a site says whose it is, with which key, and until when', async () => {
    const key = x509.createKey();
    const found = x509.verify([await siteLeaf(root, key)], [other.certificate, root.certificate], NOW);
    expect(found).toMatchObject({ ok: true, value: { role: 'site', site: 'store-0417', ...validity } });
    expect(found.ok && found.value.keyDigest).toBe(x509.publicKeyOf(key).keyDigest);
    expect(found.ok && found.value.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('that was believed before is believed no longer than its time, and under no other root', async () => {
    const leaf = await siteLeaf(root);
    const ask = (roots: readonly Issuer[], nowMs: number) => {
      const found = x509.verify(
        [leaf],
        roots.map(({ certificate }) => new Uint8Array(certificate)),
        nowMs,
      );
      return found.ok ? found.value.site : found.error.kind;
    };
    expect([ask([root], NOW), ask([other, root], NOW)]).toEqual(['store-0417', 'store-0417']);
    expect(ask([root], NOW + 91 * DAY)).toBe('expired');
    expect(ask([root], NOW - 3 * DAY)).toBe('not-yet');
    expect([ask([other], NOW), ask([], NOW)]).toEqual(['foreign', 'foreign']);
    expect(ask([root], NOW)).toBe('store-0417');
  });

  it('of head office says what it is for', async () => {
    const { publicKey } = x509.publicKeyOf(x509.createKey());
    const hosts = ['hub.example.com', '192.0.2.1', '2001:db8::1'];
    const server = await x509.issue({ role: 'server', hosts, publicKey, validity }, root);
    const signer = await x509.issue({ role: 'signer', publicKey, validity }, root);
    expect(x509.read(server)).toMatchObject({ value: { role: 'server' } });
    expect(x509.read(signer)).toMatchObject({ value: { role: 'signer' } });
    expect(x509.read(root.certificate)).toMatchObject({ value: { role: 'root' } });
  });

  it('is refused with the reason', async () => {
    const leaf = await siteLeaf(root);
    const roots = [root.certificate];
    const why = (chain: Uint8Array[], now: number | undefined = NOW) => {
      const found = x509.verify(chain, roots, now);
      return found.ok ? 'accepted' : found.error.kind;
    };
    expect(why([leaf], validity.notAfter + 1)).toBe('expired');
    expect(why([leaf], Date.UTC(1970, 0, 1))).toBe('not-yet');
    expect(why([leaf], Date.UTC(2038, 0, 20))).toBe('expired');
    expect(why([await siteLeaf(other)])).toBe('foreign');
    expect(why([await siteLeaf(other), root.certificate])).toBe('foreign');
    expect(why([root.certificate])).toBe('foreign');
    expect(why([leaf.subarray(0, 200)])).toBe('malformed');
    expect(why([new Uint8Array([...leaf, 0])])).toBe('malformed');
    expect(why([])).toBe('missing');
    expect(why([leaf], undefined)).toBe('accepted');
    expect(x509.verify([leaf], roots, undefined).ok).toBe(true);
  });

  it('that a leaf has issued is foreign', async () => {
    const key = x509.createKey();
    const leaf = await siteLeaf(root, key);
    const below = await siteLeaf({ certificate: leaf, key });
    expect(x509.verify([below, leaf], [root.certificate], NOW)).toMatchObject({ error: { kind: 'foreign' } });
    expect(x509.verify([below], [leaf, root.certificate], NOW)).toMatchObject({ error: { kind: 'foreign' } });
  });
});

describe('a request for a certificate', () => {
  it('proves its key', async () => {
    const key = x509.createKey();
    const request = await x509.createRequest({ name: 'store-0417', key });
    expect(await x509.readRequest(request)).toEqual({ ok: true, value: x509.publicKeyOf(key) });
  });

  it('with another signature, or a key of another kind, is refused', async () => {
    const request = await x509.createRequest({ name: 'store-0417', key: x509.createKey() });
    const tampered = new Uint8Array(request);
    tampered[request.length - 3] = (tampered[request.length - 3] ?? 0) ^ 1;
    expect(await x509.readRequest(tampered)).toMatchObject({ ok: false });
    expect(await x509.readRequest(request.subarray(0, 40))).toMatchObject({ ok: false });
    const file = join(dir, 'rsa.csr');
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      join(dir, 'rsa.key'),
      '-subj',
      '/CN=a',
      '-outform',
      'DER',
      '-out',
      file,
    );
    const rsa = readFileSync(file);
    expect(await x509.readRequest(rsa)).toEqual({
      ok: false,
      error: 'the request for a certificate cannot be read: the key is not one on P-256',
    });
  });
});

describe('openssl', () => {
  it('verifies what we issue for each end of TLS, and says about it what we promise', async () => {
    const ca = pemFile('root.pem', root.certificate);
    const { publicKey } = x509.publicKeyOf(x509.createKey());
    const hosts = ['hub.example.com', '192.0.2.1'];
    const server = pemFile('server.pem', await x509.issue({ role: 'server', hosts, publicKey, validity }, root));
    const site = pemFile('site.pem', await siteLeaf(root));
    const at = ['-attime', String(NOW / 1_000), '-x509_strict', '-CAfile', ca];
    expect(openssl('verify', ...at, '-purpose', 'sslserver', '-verify_hostname', 'hub.example.com', server)).toContain(
      'OK',
    );
    expect(openssl('verify', ...at, '-purpose', 'sslserver', '-verify_ip', '192.0.2.1', server)).toContain('OK');
    expect(openssl('verify', ...at, '-purpose', 'sslclient', site)).toContain('OK');
    expect(() => openssl('verify', ...at, '-purpose', 'sslserver', site)).toThrow();
    const text = openssl('x509', '-in', site, '-noout', '-text');
    expect(text).toContain('URI:slipway:site:store-0417');
    expect(text).toContain('ecdsa-with-SHA256');
    expect(text).toContain('NIST CURVE: P-256');
    expect(text).toContain('CA:FALSE');
    expect(text).toContain('Not Before: Nov 19 00:00:00 2026 GMT');
    expect(openssl('x509', '-in', ca, '-noout', '-text')).toContain('CA:TRUE, pathlen:0');
  });

  it('verifies our requests, and we read those that it makes', async () => {
    const key = x509.createKey();
    const request = pemFile('our.csr', await x509.createRequest({ name: 'store-0417', key }), 'CERTIFICATE REQUEST');
    const said = spawnSync('openssl', ['req', '-in', request, '-noout', '-verify'], { encoding: 'utf8' });
    expect(`${said.stdout}${said.stderr}`).toContain('verify OK');
    writeFileSync(join(dir, 'key.pem'), key, { mode: 0o600 });
    const file = join(dir, 'theirs.csr');
    openssl('req', '-new', '-key', join(dir, 'key.pem'), '-subj', '/CN=store-0417', '-outform', 'DER', '-out', file);
    const theirs = readFileSync(file);
    expect(await x509.readRequest(theirs)).toEqual({ ok: true, value: x509.publicKeyOf(key) });
  });
});
