import type { Digest } from '../../../kernel/digest.ts';

/** Something on the disk that nobody needs now. */
export type Evictable = {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** The beginning of a file, of no use to anybody as it is. */
  readonly isPartial: boolean;
};

/**
 * What to delete so that `neededBytes` become free: beginnings first, then what nobody has used for longest. Nothing, if all
 * together is not enough: then it would be lost in vain.
 */
export function chooseVictims<T extends Evictable>(stored: readonly T[], neededBytes: number): readonly T[] {
  const inOrder = stored.toSorted((a, b) => Number(b.isPartial) - Number(a.isPartial) || a.usedAt - b.usedAt);
  let freed = 0;
  for (const [index, { sizeBytes }] of inOrder.entries()) {
    freed += sizeBytes;
    if (freed >= neededBytes) return inOrder.slice(0, index + 1);
  }
  return [];
}
