import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import type { BroughtBlob } from '../../model/content.ts';
import { diskError } from './disk.ts';
import type { Layout } from './layout.ts';
import { publishFile } from './partial-file.ts';

export type PutTerms = {
  readonly layout: Layout;
  readonly maxBytes: number;
  readonly checkRoom: (bytes: number) => Promise<void>;
};

let puts = 0;

/** See `BlobIntake.put`. What a kill leaves in `partial/` is no digest, and dropped at the next start. */
export async function putBlob(brought: BroughtBlob, { layout, maxBytes, checkRoom }: PutTerms): Promise<void> {
  const { digest, sizeBytes, name } = brought;
  if (sizeBytes > maxBytes)
    throw new AppError(
      'archive-invalid',
      `${name} is said to have ${sizeBytes} bytes, more than anything here may have`,
    );
  await checkRoom(sizeBytes);
  const path = join(layout.partial, `${digest}.put-${++puts}`);
  const file = await open(path, 'wx', 0o644).catch(fail);
  try {
    await checkBlob(brought, (bytes, position) => writeAll(file, bytes, position));
    await publishFile(layout, digest, file, path);
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
}

/** Gives what is brought to `onBytes`, and rejects with `asset-wrong-digest` at its end if it is not what it was said to be. */
export async function checkBlob(
  { digest, sizeBytes, chunks, name }: BroughtBlob,
  onBytes: (bytes: Uint8Array, position: number) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  let here = 0;
  for await (const chunk of chunks) {
    if (here + chunk.length > sizeBytes) break;
    await onBytes(chunk, here);
    hash.update(chunk);
    here += chunk.length;
  }
  const found = hash.digest('hex');
  if (found === digest && here === sizeBytes) return;
  throw new AppError('asset-wrong-digest', `${name} has sha256 ${found} and ${here} bytes, expected ${digest}`);
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const writing = file.write(bytes, done, bytes.length - done, position + done);
    done += (await writing.catch(fail)).bytesWritten;
  }
}

function fail(cause: unknown): never {
  throw diskError(cause, 'cannot write an asset');
}
