import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { diskError, errnoOf } from './disk.ts';
import { blobPath, type Layout } from './layout.ts';

/** Takes a blob that is not what it was out of the way; nothing, if it is gone. */
export async function quarantineBlob(layout: Layout, digest: Digest): Promise<void> {
  await rename(blobPath(layout, digest), join(layout.quarantine, digest)).catch((cause: unknown) => {
    if (errnoOf(cause) !== 'ENOENT') throw diskError(cause, 'cannot move an asset into quarantine');
  });
}

/** What was found damaged, and lies there still. */
export async function listQuarantine({ quarantine }: Layout): Promise<Set<Digest>> {
  return new Set((await readdir(quarantine)).flatMap((name) => parseDigest(name) ?? []));
}

/** The blob is here again. */
export function dropQuarantined({ quarantine }: Layout, digest: Digest): Promise<void> {
  return rm(join(quarantine, digest), { force: true });
}
