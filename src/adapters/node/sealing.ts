import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';

/** Of a site: `publicKey` is told to head office, `privateKey` never leaves the box. Both raw X25519 (RFC 7748), base64. */
export type SealingKeys = { readonly publicKey: string; readonly privateKey: string };

/** All base64. A secret opens only with the private half of `recipient`, and only as what it was sealed as. */
export type Sealed = {
  readonly recipient: string;
  readonly ephemeralKey: string;
  readonly nonce: string;
  readonly ciphertext: string;
};

/** What a secret is bound to: sealed for one site and name, it opens as no other. */
export type SealedAs = { readonly site: string; readonly name: string };

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What stands before the raw bytes of a private X25519 key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** A new pair of keys for a site. */
export function createSealingKeys(): SealingKeys {
  const privateKey = randomBytes(KEY_BYTES);
  return { publicKey: publicOf(privateOf(privateKey)).toString('base64'), privateKey: privateKey.toString('base64') };
}

/** Whether this is the raw public half of such a pair. */
export function isSealingKey(publicKey: string): boolean {
  return Buffer.from(publicKey, 'base64').length === KEY_BYTES;
}

/**
 * Seals a secret for one site: X25519 with a one-time key, HKDF-SHA-256, AES-256-GCM over site and name as well.
 * The one-time key comes from `seed`, the value and what it is sealed as: the same secret sealed twice is the same bytes, so
 * that a push of the same content is seen to be the same. Nobody without the seed learns more from that.
 */
export function seal(value: string, as: SealedAs & { readonly recipient: string }, seed: Uint8Array): Sealed {
  const secret = Buffer.from(value, 'utf8');
  const digest = createHash('sha256').update(secret).digest('hex');
  const drawn = derive(seed, ['slipway-seal-once-v1', as.site, as.name, as.recipient, digest], KEY_BYTES + NONCE_BYTES);
  const once = privateOf(drawn.subarray(0, KEY_BYTES));
  const nonce = drawn.subarray(KEY_BYTES);
  const ephemeralKey = publicOf(once).toString('base64');
  const shared = diffieHellman({ privateKey: once, publicKey: publicFrom(as.recipient) });
  const cipher = createCipheriv('aes-256-gcm', sealKey(shared, ephemeralKey, as.recipient), nonce);
  cipher.setAAD(boundTo(as));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  return {
    recipient: as.recipient,
    ephemeralKey,
    nonce: nonce.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}

/** The secret, or why it does not open, in words. */
export function open(sealed: Sealed, as: SealedAs, keys: SealingKeys): Result<string, string> {
  if (sealed.recipient !== keys.publicKey)
    return err(`secret ${as.name} is sealed for another box: push once more, now that this one has joined`);
  const bytes = Buffer.from(sealed.ciphertext, 'base64');
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (bytes.length < TAG_BYTES || nonce.length !== NONCE_BYTES || !isSealingKey(sealed.ephemeralKey))
    return err(`secret ${as.name} is not sealed as it should be`);
  try {
    const privateKey = privateOf(Buffer.from(keys.privateKey, 'base64'));
    const shared = diffieHellman({ privateKey, publicKey: publicFrom(sealed.ephemeralKey) });
    const decipher = createDecipheriv('aes-256-gcm', sealKey(shared, sealed.ephemeralKey, keys.publicKey), nonce);
    decipher.setAAD(boundTo(as));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return ok(Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8'));
  } catch {
    return err(`secret ${as.name} was changed, or is that of another site or name`);
  }
}

function sealKey(shared: Uint8Array, ephemeralKey: string, recipient: string): Buffer {
  return derive(shared, ['slipway-seal-v1', ephemeralKey, recipient], KEY_BYTES);
}

function derive(from: Uint8Array, info: readonly string[], bytes: number): Buffer {
  // HKDF takes at most 1024 bytes of info, and names may be long.
  const digest = createHash('sha256').update(info.join('\n'), 'utf8').digest();
  return Buffer.from(hkdfSync('sha256', from, '', digest, bytes));
}

function boundTo({ site, name }: SealedAs): Buffer {
  return Buffer.from(`slipway-sealed-v1\n${site}\n${name}`, 'utf8');
}

function privateOf(raw: Uint8Array): KeyObject {
  return createPrivateKey({ format: 'der', type: 'pkcs8', key: Buffer.concat([PKCS8, raw]) });
}

function publicOf(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
}

function publicFrom(raw: string): KeyObject {
  const x = Buffer.from(raw, 'base64').toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x } });
}
