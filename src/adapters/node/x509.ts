import './no-metadata.ts';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Digest } from '../../kernel/digest.ts';
import { Memo } from '../../kernel/memo.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type {
  CertificateFacts,
  CertificateRole,
  ChainFailure,
  LeafRole,
  RequestFacts,
  Validity,
  X509,
} from '../../model/fleet/x509.ts';

const CURVE = 'prime256v1';
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** RFC 5280 section 4.1.2.2: at most 20 bytes, positive; these are random and never the same twice. */
const SERIAL_BYTES = 16;
/** About 2 KiB each. */
const KNOWN_CERTIFICATES = 10_000;
const SITE_URI = /(?:^|, )URI:slipway:(server|signer|site:([a-z0-9][a-z0-9-]{0,62}))(?=$|, )/;

/** Certificates with node's own cryptography. Issuing and requests go by @peculiar/x509, reading and checking by OpenSSL. */
export const x509: X509 = {
  createKey: () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: CURVE });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  },
  publicKeyOf: (key) => keyFacts(createPublicKey(createPrivateKey(key))),
  createRoot: async ({ name, key, validity }) => {
    const keys = await keyPair(key);
    const made = await X509CertificateGenerator.createSelfSigned({
      ...{ name: [{ CN: [name] }], keys, serialNumber: newSerial(), signingAlgorithm: ECDSA, ...dates(validity) },
      extensions: [
        // RFC 5280 section 4.2.1.9: nothing but leaves right below it.
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Uint8Array(made.rawData);
  },
  issue: async ({ publicKey, validity, ...leaf }, issuer) => {
    const [subjectKey, signingKey] = await Promise.all([importPublic(publicKey), importPrivate(issuer.key)]);
    const root = new NodeCertificate(issuer.certificate);
    const issuerKey = await importPublic(spkiOf(root.publicKey));
    const made = await X509CertificateGenerator.create({
      ...{ serialNumber: newSerial(), signingAlgorithm: ECDSA, ...dates(validity), signingKey, publicKey: subjectKey },
      subject: [{ CN: [commonName(leaf)] }],
      issuer: [{ CN: [nameOf(root)] }],
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...usageOf(leaf),
        new SubjectAlternativeNameExtension(alternativeNames(leaf)),
        await SubjectKeyIdentifierExtension.create(subjectKey),
        await AuthorityKeyIdentifierExtension.create(issuerKey),
      ],
    });
    return new Uint8Array(made.rawData);
  },
  createRequest: async ({ name, key }) => {
    const keys = await keyPair(key);
    const made = await Pkcs10CertificateRequestGenerator.create({
      ...{ name: [{ CN: [name] }], keys, signingAlgorithm: ECDSA },
    });
    return new Uint8Array(made.rawData);
  },
  readRequest,
  read,
  verify,
  namesHosts: (der, hosts) => {
    const certificate = new NodeCertificate(der);
    return hosts.every((host) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined);
  },
};

async function readRequest(der: Uint8Array): Promise<Result<RequestFacts, string>> {
  try {
    const request = new Pkcs10CertificateRequest(new Uint8Array(der));
    const facts = keyFacts(
      createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' }),
    );
    if (!(await request.verify())) return err('the request for a certificate is not signed by its own key');
    return ok(facts);
  } catch (cause) {
    return err(`the request for a certificate cannot be read: ${(cause as Error).message}`);
  }
}

function read(der: Uint8Array): Result<CertificateFacts, string> {
  try {
    const certificate = new NodeCertificate(der);
    // Whatever follows the certificate in these bytes would be kept, and compared, and mean nothing.
    if (certificate.raw.length !== der.length) return err('there is more than a certificate');
    return ok({
      ...roleOf(certificate),
      serial: certificate.serialNumber.toLowerCase(),
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
      ...keyFacts(certificate.publicKey),
      der: new Uint8Array(der),
    });
  } catch (cause) {
    return err(`the certificate cannot be read: ${(cause as Error).message}`);
  }
}

function verify(
  chain: readonly Uint8Array[],
  roots: readonly Uint8Array[],
  nowMs: number | undefined,
): Result<CertificateFacts, ChainFailure> {
  const [der] = chain;
  if (!der) return err({ kind: 'missing', because: 'there is no certificate' });
  const found = readIssued(der, roots);
  if (!found.ok) return found;
  const facts = found.value;
  if (nowMs === undefined) return ok(facts);
  const says = (ms: number): string => new Date(ms).toISOString();
  if (nowMs < facts.notBefore)
    return err({
      ...{ kind: 'not-yet', facts },
      because: `the certificate begins at ${says(facts.notBefore)}, and the clock shows ${says(nowMs)}`,
    });
  if (nowMs > facts.notAfter)
    return err({
      ...{ kind: 'expired', facts },
      because: `the certificate ended at ${says(facts.notAfter)}, and the clock shows ${says(nowMs)}`,
    });
  return ok(facts);
}

type Known = { readonly facts: CertificateFacts; readonly root: Uint8Array };
const known = new Memo<Known>(KNOWN_CERTIFICATES);

/**
 * Who issued a certificate is said by its bytes and those of the root alone, so it is worked out once: a site shows its own with
 * each call. Only what a root of ours has issued is remembered: strangers cannot push it out.
 */
function readIssued(der: Uint8Array, roots: readonly Uint8Array[]): Result<CertificateFacts, ChainFailure> {
  const key = hash('sha256', der, 'base64');
  const before = known.get(key);
  if (before && roots.some((root) => isSame(root, before.root))) return ok(before.facts);
  const found = read(der);
  if (!found.ok) return err({ kind: 'malformed', because: found.error });
  const facts = found.value;
  const root = roots.find((one) => isIssuedBy(der, one));
  if (!root) return err({ kind: 'foreign', because: 'the certificate was issued by none of the known roots', facts });
  known.set(key, { facts, root });
  return ok(facts);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}

function isIssuedBy(leaf: Uint8Array, root: Uint8Array): boolean {
  try {
    const issuer = new NodeCertificate(root);
    const certificate = new NodeCertificate(leaf);
    return issuer.ca && !certificate.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function roleOf(certificate: NodeCertificate): { role: CertificateRole; site?: string } {
  if (certificate.ca) return { role: 'root' };
  const [, word, site] = SITE_URI.exec(certificate.subjectAltName ?? '') ?? [];
  if (site !== undefined) return { role: 'site', site };
  return { role: word === 'server' || word === 'signer' ? word : 'other' };
}

function keyFacts(key: KeyObject): RequestFacts {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== CURVE)
    throw new Error('the key is not one on P-256');
  const publicKey = spkiOf(key);
  return { publicKey, keyDigest: createHash('sha256').update(publicKey).digest('hex') as Digest };
}

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

function commonName(leaf: LeafRole): string {
  return leaf.role === 'site' ? leaf.site : `Slipway ${leaf.role}`;
}

function alternativeNames(leaf: LeafRole): { type: 'url' | 'dns' | 'ip'; value: string }[] {
  if (leaf.role === 'signer') return [{ type: 'url', value: 'slipway:signer' }];
  if (leaf.role === 'site') return [{ type: 'url', value: `slipway:site:${leaf.site}` }];
  const hosts = leaf.hosts.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }));
  return [...hosts, { type: 'url', value: 'slipway:server' }];
}

/** A signer is good for neither end of TLS. */
function usageOf({ role }: LeafRole): Extension[] {
  if (role === 'signer') return [];
  return [
    new ExtendedKeyUsageExtension([role === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
  ];
}

/** The roots are ours: their name is one CN. */
function nameOf(root: NodeCertificate): string {
  return root.subject.replace(/^CN=/, '');
}

function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

function dates({ notBefore, notAfter }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
}

async function keyPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const publicKey = spkiOf(createPublicKey(createPrivateKey(pem)));
  const [privateKey, ownKey] = await Promise.all([importPrivate(pem), importPublic(publicKey)]);
  return { privateKey, publicKey: ownKey };
}

function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
}

function importPublic(spki: Uint8Array): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', new Uint8Array(spki), ECDSA, true, ['verify']);
}
