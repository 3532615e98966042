import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { open } from 'node:fs/promises';
import { AppError } from '../../kernel/errors.ts';
import { writeNew } from './files.ts';

/** The key that signs revisions, opened. It lies in a file of the central team and need not be on the hub. */
export type OpenReleaseKey = {
  /** The first 16 hex digits of the sha256 of the raw public key. */
  readonly id: string;
  /** Raw, base64. */
  readonly publicKey: string;
  readonly comment: string;
  /** Ed25519 over the text in UTF-8 (RFC 8032), base64. */
  sign(text: string): string;
  /** 32 bytes that only the holder of this key has, the same each time: what sealing takes its one-time keys from. */
  readonly sealingSeed: Uint8Array;
};

const COMMENT = 'Slipway release key: ';
const MOST_BYTES = 16 * 1024 * 1024;
const OTHERS_MAY = 0o077;

/**
 * Makes a key and its file, which only its owner may read: PEM (PKCS #8) below a line with the comment.
 * @throws AppError `usage-invalid` if there is such a file: a key is never written over
 */
export async function createReleaseKey(path: string, comment: string): Promise<OpenReleaseKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  if (!(await writeNew(path, `${COMMENT}${comment}\n${pem}`, { mode: 0o600 })))
    throw new AppError('usage-invalid', `${path} is there already, and a key is never written over`);
  return opened(privateKey, comment);
}

/**
 * Reads the file of a key.
 * @throws AppError `usage-invalid` if there is none, it is no Ed25519 key, or others than its owner may read it
 */
export async function readReleaseKey(path: string): Promise<OpenReleaseKey> {
  const text = await readPrivateText(path, '; `slipway template keys new` makes the first one');
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return opened(key, commentOf(text));
  } catch (cause) {
    throw new AppError('usage-invalid', `${path} is no release key`, { cause });
  }
  throw new AppError('usage-invalid', `${path} is a key, but not an Ed25519 one`);
}

/** Whether `signature` (base64) is one by the key (raw, base64) over the text. What cannot be read is none. */
export function verifyRelease(publicKey: string, text: string, signature: string): boolean {
  const raw = Buffer.from(publicKey, 'base64');
  const bytes = Buffer.from(signature, 'base64');
  // Base64 has several texts for some bytes; one of them counts, so that nothing can be changed unseen.
  if (raw.length !== 32 || bytes.length !== 64 || bytes.toString('base64') !== signature) return false;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } });
  return verify(null, Buffer.from(text, 'utf8'), key, bytes);
}

/** The id under which signatures and people name a key; `publicKey` is raw, base64. */
export function releaseKeyId(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
}

/**
 * A small file that must be secret: nobody but its owner may read it. `hint` ends the message when there is none.
 * @throws AppError `usage-invalid` with what is wrong, and the command that mends it
 */
export async function readPrivateText(path: string, hint = ''): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('usage-invalid', `${path} cannot be read: ${cause.code ?? cause.message}${hint}`, { cause });
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & OTHERS_MAY) !== 0)
      throw new AppError('usage-invalid', `others may read ${path}, which is secret: chmod 600 ${path}`);
    if (size > MOST_BYTES) throw new AppError('usage-invalid', `${path} is larger than 16 MiB`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function opened(key: KeyObject, comment: string): OpenReleaseKey {
  const publicKey = rawOf(createPublicKey(key), 'x').toString('base64');
  return {
    id: releaseKeyId(publicKey),
    publicKey,
    comment,
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64'),
    sealingSeed: new Uint8Array(hkdfSync('sha256', rawOf(key, 'd'), '', 'slipway-sealing-seed-v1', 32)),
  };
}

function rawOf(key: KeyObject, part: 'x' | 'd'): Buffer {
  return Buffer.from(key.export({ format: 'jwk' })[part] ?? '', 'base64url');
}

function commentOf(text: string): string {
  return text.startsWith(COMMENT) ? (text.slice(COMMENT.length).split('\n')[0] ?? '') : '';
}
