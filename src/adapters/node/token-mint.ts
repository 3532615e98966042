import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import { macFromBytes, macToBytes } from '../../kernel/mac.ts';
import type { TokenGrant, TokenMint } from '../../model/site-ports.ts';
import { readBytes, writeNew } from './files.ts';

const KEY_BYTES = 32;
const GRANT_BYTES = 13;
/** HMAC-SHA256 cut to 160 bits, as RFC 2104 section 5 allows; a token then has 44 characters. */
const TAG_BYTES = 20;
const TOKEN = /^[A-Za-z0-9_-]{44}$/;
const uses = ['report', 'read'] as const;

/**
 * Tokens that carry their grant under an HMAC, so that they outlive a restart and need no table:
 * ```
 *  0      1            7                13                     33
 *  +------+------------+----------------+----------------------+
 *  | use  |    MAC     |  issuedAt (ms) |  HMAC-SHA256 / 160   |   base64url
 *  +------+------------+----------------+----------------------+
 * ```
 */
export function createTokenMint(key: Uint8Array): TokenMint {
  const tagOf = (grant: Uint8Array) => createHmac('sha256', key).update(grant).digest().subarray(0, TAG_BYTES);
  return {
    mint: (grant) => {
      const bytes = encodeGrant(grant);
      return Buffer.concat([bytes, tagOf(bytes)]).toString('base64url');
    },
    verify: (token) => {
      if (!TOKEN.test(token)) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      const grant = bytes.subarray(0, GRANT_BYTES);
      return timingSafeEqual(bytes.subarray(GRANT_BYTES), tagOf(grant)) ? decodeGrant(grant) : undefined;
    },
  };
}

/**
 * The mint of a site, with the key in `token.key` of its data directory, which is made at the first start.
 * @throws AppError `store-damaged` if the key is not one; `permission-denied`, `disk-full`, `disk-failed`
 */
export async function openTokenMint(dataDir: string): Promise<TokenMint> {
  const path = join(dataDir, 'token.key');
  if ((await readBytes(path)) === undefined) await writeNew(path, randomBytes(KEY_BYTES), { mode: 0o600 });
  const key = await readBytes(path);
  if (key?.length !== KEY_BYTES)
    throw new AppError(
      'store-damaged',
      `${path} has ${key?.length ?? 0} bytes and not ${KEY_BYTES}; move it away and a new one is made, which machines that are booting right now notice`,
    );
  return createTokenMint(key);
}

function encodeGrant(grant: TokenGrant): Buffer {
  const bytes = Buffer.alloc(GRANT_BYTES);
  bytes.writeUInt8(uses.indexOf(grant.use), 0);
  bytes.set(macToBytes(grant.mac), 1);
  bytes.writeUIntBE(Math.floor(grant.issuedAt), 7, 6);
  return bytes;
}

function decodeGrant(bytes: Buffer): TokenGrant | undefined {
  const use = uses[bytes.readUInt8(0)];
  const mac = macFromBytes(bytes.subarray(1, 7));
  return use && mac ? { use, mac, issuedAt: bytes.readUIntBE(7, 6) } : undefined;
}
