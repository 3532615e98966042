import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';

/** The sha256 of a text in UTF-8. */
export function sha256OfText(text: string): Digest {
  return createHash('sha256').update(text, 'utf8').digest('hex') as Digest;
}

/** The sha256 of bytes. */
export function sha256OfBytes(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}
