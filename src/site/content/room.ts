import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { FileGroup } from '../../model/content.ts';
import { diskError, errnoOf } from './disk.ts';
import type { Layout } from './layout.ts';
import { chooseVictims, type Evictable } from './policy/evict.ts';

const MIB = 1024 * 1024;

export type RoomDeps = {
  readonly layout: Layout;
  /** What assets leave free on the disk. */
  readonly reserveBytes: number;
  /** What assets may take at most; undefined: all but the reserve. */
  readonly maxBytes: () => number | undefined;
  /** What somebody pins, or is on its way now. */
  readonly isKept: (digest: Digest) => boolean;
  readonly groups: () => readonly FileGroup[];
  /** Hears of what is about to be deleted. */
  readonly onEvict: (victims: readonly Evictable[]) => void;
};

/** Room on the disk for what is to come. */
export class Room {
  readonly #deps: RoomDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: RoomDeps) {
    this.#deps = deps;
  }

  /**
   * Makes sure that files may grow by `bytes`, and deletes what nobody pins if they may not.
   * @throws AppError `disk-full`; `disk-failed`
   */
  async make(bytes: number): Promise<void> {
    // One after the other: two who saw the same free bytes would both take them.
    const made = this.#last.then(() => this.#make(bytes));
    this.#last = made.catch(() => undefined);
    await made.catch((cause: unknown) => {
      throw diskError(cause, 'cannot make room on the disk');
    });
  }

  async #make(bytes: number): Promise<void> {
    const { layout, reserveBytes, maxBytes, isKept, groups, onEvict } = this.#deps;
    const { bavail, bsize } = await statfs(layout.partial);
    const mostBytes = maxBytes();
    const lacksFree = reserveBytes + bytes - bavail * bsize;
    if (lacksFree <= 0 && mostBytes === undefined) return;
    const stored = await listStored(layout);
    const taken = stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const lacking = Math.max(lacksFree, mostBytes === undefined ? 0 : taken + bytes - mostBytes);
    if (lacking <= 0) return;
    const victims = chooseVictims(stored, lacking, { isKept, groups: groups() });
    if (victims.length === 0) throw full(bavail * bsize, reserveBytes, taken, mostBytes);
    onEvict(victims);
    for (const { folder, digest } of victims) await rm(join(folder, digest), { force: true });
  }
}

function full(freeBytes: number, reserveBytes: number, taken: number, mostBytes: number | undefined): AppError {
  const free = `${Math.floor(freeBytes / MIB)} MiB are free, of which ${Math.ceil(reserveBytes / MIB)} are kept for leases and events`;
  const most =
    mostBytes === undefined
      ? ''
      : `; ${Math.ceil(taken / MIB)} of ${Math.floor(mostBytes / MIB)} MiB are taken by files`;
  return new AppError('disk-full', `${free}${most}`);
}

type Stored = Evictable & { readonly folder: string };

async function listStored({ blobs, partial, quarantine }: Layout): Promise<Stored[]> {
  const shards = (await readdir(blobs)).map((shard) => join(blobs, shard));
  const lists = [
    listFolder(quarantine, true),
    listFolder(partial, true),
    ...shards.map((shard) => listFolder(shard, false)),
  ];
  return (await Promise.all(lists)).flat();
}

async function listFolder(folder: string, isPartial: boolean): Promise<Stored[]> {
  const found: Stored[] = [];
  for (const name of await readdir(folder)) {
    const digest = parseDigest(name);
    const file = digest && (await stat(join(folder, name)).catch(ignoreGone));
    if (digest && file) found.push({ folder, digest, sizeBytes: file.size, usedAt: file.mtimeMs, isPartial });
  }
  return found;
}

/** What is named anew or deleted while we look is none of ours to count. */
function ignoreGone(cause: unknown): undefined {
  if (errnoOf(cause) !== 'ENOENT') throw cause;
}
