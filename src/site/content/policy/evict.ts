import type { Digest } from '../../../kernel/digest.ts';
import type { FileGroup } from '../../../model/content.ts';

/** Something on the disk. */
export type Evictable = {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** The beginning of a file, or a damaged one: of no use to anybody as it is. */
  readonly isPartial: boolean;
};

export type EvictTerms = {
  /** What somebody pins, or is on its way now. */
  readonly isKept: (digest: Digest) => boolean;
  readonly groups: readonly FileGroup[];
};

type Unit<T> = { readonly files: readonly T[]; readonly usedAt: number; readonly leads?: boolean };

/**
 * What to delete so that `neededBytes` become free: beginnings first, then what nobody has used for longest; files that are
 * of use only together go together, except those that another group has, too. Nothing, if all together is not enough: then
 * it would be lost in vain.
 */
export function chooseVictims<T extends Evictable>(
  stored: readonly T[],
  neededBytes: number,
  { isKept, groups }: EvictTerms,
): readonly T[] {
  const units = [...unitsOfPartials(stored), ...unitsOfFiles(stored, groups)];
  const holders = new Map<T, number>();
  for (const file of units.flatMap(({ files }) => files)) holders.set(file, (holders.get(file) ?? 0) + 1);
  const victims: T[] = [];
  let freed = 0;
  const letGo = (file: T): void => {
    const left = (holders.get(file) ?? 1) - 1;
    holders.set(file, left);
    if (left > 0 || isKept(file.digest)) return;
    victims.push(file);
    freed += file.sizeBytes;
  };
  for (const { files } of units) if (freed < neededBytes) files.forEach(letGo);
  return freed >= neededBytes ? victims : [];
}

function unitsOfPartials<T extends Evictable>(stored: readonly T[]): Unit<T>[] {
  return inOrder(stored.filter(({ isPartial }) => isPartial).map((file) => ({ files: [file], usedAt: file.usedAt })));
}

/** Whoever pulls an image reads its manifest, and of its layers those that it lacks: so the manifest says when it was used. */
function unitsOfFiles<T extends Evictable>(stored: readonly T[], groups: readonly FileGroup[]): Unit<T>[] {
  const files = new Map(stored.filter(({ isPartial }) => !isPartial).map((file) => [file.digest, file] as const));
  const grouped = new Set<Digest>();
  const units: Unit<T>[] = [];
  for (const { head, parts, leadsTo } of groups) {
    const members = [...new Set([head, ...parts])].flatMap((digest) => files.get(digest) ?? []);
    if (members.length === 0) continue;
    for (const { digest } of members) grouped.add(digest);
    const heads = [head, ...leadsTo].flatMap((digest) => files.get(digest) ?? []);
    const telling = files.has(head) ? heads : members;
    units.push({ files: members, usedAt: Math.max(...telling.map((each) => each.usedAt)), leads: leadsTo.length > 0 });
  }
  for (const file of files.values()) if (!grouped.has(file.digest)) units.push({ files: [file], usedAt: file.usedAt });
  return inOrder(units);
}

function inOrder<T>(units: readonly Unit<T>[]): Unit<T>[] {
  return units.toSorted((a, b) => a.usedAt - b.usedAt || Number(a.leads ?? false) - Number(b.leads ?? false));
}
