import { createHash, timingSafeEqual } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import type { Random } from '../../kernel/ports.ts';
import type { AdminToken } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';

/** `slipway_` lets those who look for lost tokens in files find ours. */
const SHAPE = /^slipway_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** A new token: what is given away once, and what is kept. */
export function mintToken(random: Random): { readonly id: string; readonly token: string; readonly digest: Digest } {
  const id = Buffer.from(random.bytes(6)).toString('hex');
  const secret = Buffer.from(random.bytes(32)).toString('base64url');
  return { id, token: `slipway_${id}_${secret}`, digest: digestOf(secret) };
}

/** Why a token is none, or is none any more; or its row. */
export async function findToken(tx: HubTx, token: string, now: number): Promise<AdminToken | string> {
  const [, id = '', secret = ''] = SHAPE.exec(token) ?? [];
  const row = id === '' ? undefined : await tx.get('tokens', id);
  // Compared also where there is none, and in a time that says nothing of how much was right.
  const isRight = timingSafeEqual(
    Buffer.from(digestOf(secret), 'hex'),
    Buffer.from(row?.secretDigest ?? digestOf(''), 'hex'),
  );
  if (!row || !isRight) return 'head office does not know this token';
  if (row.withdrawnAt !== undefined) return `the token ${row.name} was withdrawn`;
  if (row.expiresAt !== undefined && row.expiresAt <= now) return `the time of the token ${row.name} is over`;
  return row;
}

function digestOf(secret: string): Digest {
  return createHash('sha256').update(secret).digest('hex') as Digest;
}
