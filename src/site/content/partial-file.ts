import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../kernel/digest.ts';
import { diskError, syncFolder } from './disk.ts';
import { blobPath, type Layout, shardOf } from './layout.ts';

const READ_BYTES = 1024 * 1024;

/**
 * The bytes of a digest that are on their way, under its name in `partial/`. It outlives the process: what lies there at the
 * next try is read again, and the source is asked for the rest. Its length is all that has to be known of it, since a
 * tail that a power cut tore is found by the digest. Every method rejects with `disk-full` or `disk-failed`.
 */
export class PartialFile {
  readonly #layout: Layout;
  readonly #digest: Digest;
  readonly #file: FileHandle;

  private constructor(layout: Layout, digest: Digest, file: FileHandle) {
    this.#layout = layout;
    this.#digest = digest;
    this.#file = file;
  }

  static async open(layout: Layout, digest: Digest): Promise<PartialFile> {
    const flags = constants.O_RDWR | constants.O_CREAT;
    const file = await onDisk('make a file for an asset', open(partialPath(layout, digest), flags, 0o644));
    return new PartialFile(layout, digest, file);
  }

  /** Gives all that lies here to `onBytes`, and answers how much that was. `isOver` ends it early. */
  async restore(onBytes: (bytes: Uint8Array) => void, isOver: () => boolean): Promise<number> {
    const buffer = new Uint8Array(READ_BYTES);
    for (let position = 0; ; ) {
      const bytesRead = await this.read(buffer, position);
      if (bytesRead === 0 || isOver()) return position;
      onBytes(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await onDisk('read an asset', this.#file.read(into, 0, into.length, position))).bytesRead;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const writing = this.#file.write(bytes, done, bytes.length - done, position + done);
      done += (await onDisk('write an asset', writing)).bytesWritten;
    }
  }

  /** Throws away all that is behind `sizeBytes`. */
  async cut(sizeBytes: number): Promise<void> {
    await onDisk('drop the rest of a download', this.#file.truncate(sizeBytes));
  }

  /** Gives it its final name. The rename is what makes an asset exist; it is durable when its folder is. */
  async publish(): Promise<void> {
    await publishFile(this.#layout, this.#digest, this.#file, partialPath(this.#layout, this.#digest));
  }

  /** Nothing of it is of use. */
  async drop(): Promise<void> {
    await onDisk('drop the rest of a download', rm(partialPath(this.#layout, this.#digest), { force: true }));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Gives a file with the bytes of a digest, open and at `path`, its place among the assets. */
export async function publishFile(layout: Layout, digest: Digest, file: FileHandle, path: string): Promise<void> {
  const shard = shardOf(layout, digest);
  await onDisk('write an asset', file.chmod(0o444));
  await onDisk('write an asset', file.sync());
  const made = await onDisk('make a folder for an asset', mkdir(shard, { recursive: true }));
  await onDisk('name an asset', rename(path, blobPath(layout, digest)));
  await onDisk('name an asset', syncFolder(shard));
  if (made !== undefined) await onDisk('name an asset', syncFolder(layout.blobs));
}

export function partialPath(layout: Layout, digest: Digest): string {
  return join(layout.partial, digest);
}

async function onDisk<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw diskError(cause, `cannot ${doing}`);
  }
}
