import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Asset } from '../../model/revision.ts';
import { checkRoom, diskError, syncFolder } from './disk.ts';
import { blobPath, type Layout, shardOf } from './layout.ts';
import type { Attempt, Delivery } from './sources/attempt.ts';
import { attemptsOf } from './sources/attempts.ts';

export type FillContext = {
  readonly layout: Layout;
  readonly stallMs: number;
  /** A source that sends more is cut off: it must not fill the disk before its digest can be checked. */
  readonly maxBytes: number;
  /** What an asset must leave free on the disk. */
  readonly reserveBytes: number;
  readonly signal: AbortSignal;
  /** Hears how far an attempt is; `sizeBytes` is what its source promises. */
  readonly onProgress: (bytesDone: number, sizeBytes: number | undefined) => void;
};

/** How often the free space is looked at again: others write to this disk, too. */
const LOOK_EVERY_BYTES = 16 * 1024 * 1024;

/** Why one attempt brought nothing; `wrongDigest` if it brought something else. */
type Failure = { readonly label: string; readonly because: string; readonly wrongDigest: boolean };

/**
 * Fetches an asset from the first of its sources that has it, checks it on the way in, and gives it its final name only
 * when it is whole and on disk.
 * @returns its size in bytes
 * @throws AppError `asset-unavailable` or, if every source delivered other bytes, `asset-wrong-digest`, each with a reason
 * per source; `disk-full`, `disk-failed` if the fault is our own disk, which no other source can help
 */
export async function fill(asset: Asset, context: FillContext): Promise<number> {
  const failures: Failure[] = [];
  for (const attempt of attemptsOf(asset.sources)) {
    const outcome = await tryOnce(attempt, asset.digest, context);
    if (typeof outcome === 'number') return outcome;
    failures.push(outcome);
  }
  const reasons = failures.map(({ label, because }) => `${label}: ${because}`).join('; ') || 'no source is named';
  const allWrong = failures.length > 0 && failures.every((failure) => failure.wrongDigest);
  throw new AppError(allWrong ? 'asset-wrong-digest' : 'asset-unavailable', `${asset.name}: ${reasons}`);
}

async function tryOnce(attempt: Attempt, digest: Digest, context: FillContext): Promise<number | Failure> {
  const scratchDir = await onDisk('make a folder for an asset', mkdtemp(join(context.layout.partial, 'fill-')));
  try {
    return await receive(attempt, digest, scratchDir, context);
  } catch (cause) {
    // Our own disk, and the end of the site, are not the fault of this source.
    if (cause instanceof AppError && cause.code !== 'asset-wrong-digest') throw cause;
    if (context.signal.aborted) throw new AppError('asset-unavailable', 'the site is stopping', { cause });
    const because = cause instanceof Error ? cause.message : String(cause);
    return { label: attempt.label, because, wrongDigest: cause instanceof AppError };
  } finally {
    await onDisk('drop the rest of a download', rm(scratchDir, { recursive: true, force: true }));
  }
}

async function receive(attempt: Attempt, digest: Digest, scratchDir: string, context: FillContext): Promise<number> {
  const path = join(scratchDir, 'bytes');
  const file = await onDisk('make a file for an asset', open(path, 'wx'));
  try {
    const delivery = await attempt.deliver({ scratchDir, stallMs: context.stallMs, signal: context.signal });
    const { sizeBytes, found } = await copy(delivery, file, context);
    if (found !== digest) throw new AppError('asset-wrong-digest', `has sha256 ${found}, expected ${digest}`);
    await onDisk('write an asset', file.chmod(0o444));
    await onDisk('write an asset', file.sync());
    await publish(path, digest, context.layout);
    return sizeBytes;
  } finally {
    await file.close();
  }
}

async function copy(
  delivery: Delivery,
  file: FileHandle,
  context: FillContext,
): Promise<{ sizeBytes: number; found: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let lookAt = 0;
  for await (const chunk of delivery.chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > context.maxBytes) throw new Error(`sends more than ${context.maxBytes} bytes`);
    if (sizeBytes >= lookAt) {
      const toCome = Math.max(chunk.length, (delivery.sizeBytes ?? 0) - sizeBytes);
      await onDisk('measure the disk', checkRoom(context.layout.partial, toCome, context.reserveBytes));
      lookAt = sizeBytes + LOOK_EVERY_BYTES;
    }
    hash.update(chunk);
    await onDisk('write an asset', writeAll(file, chunk));
    context.onProgress(sizeBytes, delivery.sizeBytes);
  }
  return { sizeBytes, found: hash.digest('hex') };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

/** The rename is what makes an asset exist; it is durable when its folder is. */
async function publish(path: string, digest: Digest, layout: Layout): Promise<void> {
  const shard = shardOf(layout, digest);
  const made = await onDisk('make a folder for an asset', mkdir(shard, { recursive: true }));
  await onDisk('name an asset', rename(path, blobPath(layout, digest)));
  await onDisk('name an asset', syncFolder(shard));
  if (made !== undefined) await onDisk('name an asset', syncFolder(layout.blobs));
}

async function onDisk<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw diskError(cause, `cannot ${doing}`);
  }
}
