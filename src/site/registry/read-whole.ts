import { AppError } from '../../kernel/errors.ts';
import type { OpenAsset } from '../../model/content.ts';

/** All bytes of something small, which is closed then. */
export async function readWhole(asset: OpenAsset): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(asset.sizeBytes);
    for (let done = 0; done < bytes.length; ) {
      const read = await asset.read(bytes.subarray(done), done);
      if (read === 0) throw new AppError('disk-failed', 'a manifest ends before its end');
      done += read;
    }
    return bytes;
  } finally {
    await asset.close();
  }
}
