import type { Brand } from './brand.ts';

/** The name of an asset: the lower-case hex of its sha256, 64 digits. */
export type Digest = Brand<string, 'Digest'>;

/** Reads 64 hex digits, with or without the OCI prefix `sha256:`. */
export function parseDigest(text: string): Digest | undefined {
  const hex = text.replace(/^sha256:/, '');
  return /^[0-9a-f]{64}$/.test(hex) ? (hex as Digest) : undefined;
}

/** The first twelve digits, as people quote a digest. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, 12);
}
