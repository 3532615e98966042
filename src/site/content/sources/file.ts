import { open, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { BlobDelivery, BlobSource } from '../../../model/content.ts';
import { errnoOf } from '../disk.ts';
import type { SourceRequest } from './request.ts';

const READ_BYTES = 1024 * 1024;

/** A file that somebody put on this machine. */
export function fileSource(path: string, label = `file ${path}`): BlobSource {
  return { label, deliver: (request: SourceRequest) => deliverFile(path, request) };
}

/** Reads a regular file from a byte on. */
export async function deliverFile(
  path: string,
  { fromByte, signal }: Pick<SourceRequest, 'fromByte' | 'signal'>,
): Promise<BlobDelivery> {
  if (!isAbsolute(path)) throw new Error('the path does not begin with a slash');
  try {
    // Asked before opening: to open a pipe would wait for its other end.
    const found = await stat(path);
    if (!found.isFile()) throw new Error('is not a file');
    const file = await open(path, 'r');
    const options = { start: fromByte, highWaterMark: READ_BYTES, signal };
    // An error before anybody reads is met by the reader later; without a listener it would end the process.
    const chunks = file.createReadStream(options).on('error', () => undefined);
    return { startsAt: fromByte, sizeBytes: found.size, chunks };
  } catch (cause) {
    throw new Error(reasons[errnoOf(cause) ?? ''] ?? (cause as Error).message, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'Slipway may not read it',
};
