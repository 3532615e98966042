import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { syncFolder } from './disk.ts';

/**
 * Where the bytes lie below the data directory:
 *
 *     blobs/sha256/ab/<hex>   complete, verified, mode 0444; the name is the promise
 *     partial/<hex>           on its way, or what an earlier try left for the next one; a week at most
 *     quarantine/             was a blob once and is no longer what its name says; kept until it was fetched again or its room is needed
 */
export type Layout = {
  readonly blobs: string;
  readonly partial: string;
  readonly quarantine: string;
};

export function layoutOf(dataDir: string): Layout {
  return {
    blobs: join(dataDir, 'blobs', 'sha256'),
    partial: join(dataDir, 'partial'),
    quarantine: join(dataDir, 'quarantine'),
  };
}

/** The folder of a blob, named by the first two digits of its digest. */
export function shardOf(layout: Layout, digest: Digest): string {
  return join(layout.blobs, digest.slice(0, 2));
}

export function blobPath(layout: Layout, digest: Digest): string {
  return join(shardOf(layout, digest), digest);
}

/** What nobody came back for is of no use to anybody. */
const PARTIAL_MAX_AGE_MS = 7 * 24 * 60 * 60_000;

/** Makes the folders, and answers the blobs that are here with their sizes in bytes. */
export async function openLayout(layout: Layout): Promise<Map<Digest, number>> {
  for (const folder of Object.values(layout)) await mkdir(folder, { recursive: true });
  await syncFolder(layout.blobs);
  const blobs = new Map<Digest, number>();
  for (const shard of await readdir(layout.blobs)) await scanShard(join(layout.blobs, shard), blobs);
  return blobs;
}

/**
 * Drops what lies in `partial/` and is not the beginning of an asset (a package that was being unpacked in a former life), and
 * beginnings that nobody has gone on with for a week. `nowMs` is milliseconds since 1970.
 */
export async function dropOldPartials(
  layout: Layout,
  nowMs: number,
  isFilling: (digest: Digest) => boolean,
): Promise<void> {
  for (const entry of await readdir(layout.partial, { withFileTypes: true })) {
    const path = join(layout.partial, entry.name);
    const digest = entry.isFile() ? parseDigest(entry.name) : undefined;
    const isOld = digest && !isFilling(digest) && nowMs - (await stat(path)).mtimeMs > PARTIAL_MAX_AGE_MS;
    if (!digest || isOld) await rm(path, { recursive: true, force: true });
  }
}

async function scanShard(shard: string, into: Map<Digest, number>): Promise<void> {
  for (const entry of await readdir(shard, { withFileTypes: true })) {
    const digest = parseDigest(entry.name);
    if (digest && entry.isFile()) into.set(digest, (await stat(join(shard, entry.name))).size);
  }
}
