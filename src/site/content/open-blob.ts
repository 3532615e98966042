import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../../kernel/digest.ts';
import type { OpenAsset } from '../../model/content.ts';
import { diskError, errnoOf } from './disk.ts';
import { blobPath, type Layout } from './layout.ts';

/** When a blob was last of use is known to the hour, by the time of its file: what is evicted first is that of weeks. */
const TOUCH_EVERY_MS = 60 * 60_000;

/**
 * Opens a blob that has `sizeBytes` as far as we know. `gone`: somebody deleted it; `changed`: its size is another.
 * `usedAt`: it is for use, now, in milliseconds since 1970.
 * @throws AppError `disk-failed`
 */
export async function openBlob(
  layout: Layout,
  digest: Digest,
  sizeBytes: number,
  usedAt?: number,
): Promise<OpenAsset | 'gone' | 'changed'> {
  const path = blobPath(layout, digest);
  const file = await open(path, 'r').catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw diskError(cause, 'cannot open an asset');
  });
  if (!file) return 'gone';
  const { size, ino, birthtimeMs, mtimeMs } = await file.stat();
  if (usedAt !== undefined && usedAt - mtimeMs > TOUCH_EVERY_MS) {
    // Who only reads the disk may not write to it.
    await file.utimes(usedAt / 1000, usedAt / 1000).catch(() => undefined);
  }
  if (size === sizeBytes) return createOpenAsset(file, sizeBytes, `${digest} ${ino} ${birthtimeMs}`);
  await file.close();
  return 'changed';
}

function createOpenAsset(file: FileHandle, sizeBytes: number, version: string): OpenAsset {
  return {
    sizeBytes,
    version,
    read: async (into, position) => {
      try {
        return (await file.read(into, 0, into.length, position)).bytesRead;
      } catch (cause) {
        throw diskError(cause, 'cannot read an asset');
      }
    },
    close: () => file.close(),
  };
}
