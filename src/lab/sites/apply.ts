import { createHash } from 'node:crypto';
import type { Desired } from '../../wire/link/gen/link.ts';
import type { RevisionBundle, RevisionStatement } from '../../wire/link/revision-bundle.ts';

/** Reads a piece of a bundle. */
export type FetchPiece = (request: {
  readonly digest: Uint8Array;
  readonly offset: bigint;
  readonly maxBytes: number;
}) => Promise<{ readonly chunk: Uint8Array }>;

const PIECE_BYTES = 256 * 1024;

/** The whole bundle, piece by piece. */
export async function fetchBundle({ bundle, sizeBytes }: Desired, fetch: FetchPiece): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let at = 0n; at < sizeBytes; ) {
    const { chunk } = await fetch({ digest: bundle, offset: at, maxBytes: PIECE_BYTES });
    if (chunk.length === 0) break;
    pieces.push(chunk);
    at += BigInt(chunk.length);
  }
  return Buffer.concat(pieces);
}

/** Why a simulated site refuses a bundle; undefined: it tries it. Signatures are for real sites: it has no key set. */
export function whyRefused(bytes: Uint8Array, desired: Desired, site: string): string | undefined {
  if (!createHash('sha256').update(bytes).digest().equals(desired.bundle))
    return 'the bundle is not the one that was named';
  try {
    const bundle = JSON.parse(Buffer.from(bytes).toString()) as RevisionBundle;
    const statement = JSON.parse(bundle.statement) as RevisionStatement;
    if (statement.site !== site) return `it is for the site ${statement.site}`;
    return statement.number === Number(desired.number) ? undefined : `its number is ${statement.number}`;
  } catch {
    return 'the bundle cannot be read';
  }
}
