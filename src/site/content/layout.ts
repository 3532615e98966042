import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { syncFolder } from './disk.ts';

/**
 * Where the bytes lie below the data directory:
 *
 *     blobs/sha256/ab/<hex>   complete, verified, mode 0444; the name is the promise
 *     partial/                being filled; dropped at every start
 *     quarantine/             was a blob once and is no longer what its name says; kept for whoever looks into the disk
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

/** Makes the folders, drops what a former life left half done, and answers the blobs that are here with their sizes in bytes. */
export async function openLayout(layout: Layout): Promise<Map<Digest, number>> {
  await rm(layout.partial, { recursive: true, force: true });
  for (const folder of Object.values(layout)) await mkdir(folder, { recursive: true });
  await syncFolder(layout.blobs);
  const blobs = new Map<Digest, number>();
  for (const shard of await readdir(layout.blobs)) await scanShard(join(layout.blobs, shard), blobs);
  return blobs;
}

async function scanShard(shard: string, into: Map<Digest, number>): Promise<void> {
  for (const entry of await readdir(shard, { withFileTypes: true })) {
    const digest = parseDigest(entry.name);
    if (digest && entry.isFile()) into.set(digest, (await stat(join(shard, entry.name))).size);
  }
}
