import type { Digest } from '../kernel/digest.ts';
import type { ContentStore, OpenAsset } from '../model/content.ts';
import type { BootFile } from './tftp/ports.ts';

/** Loaders are smaller. What is larger is read by each of its readers, a piece at a time. */
const MOST_BYTES = 4 * 1024 * 1024;

type Row = { readonly loading: Promise<Uint8Array | undefined>; readers: number };

/**
 * Opens files of the store so that many who read one at the same time have it in memory once: five hundred machines that
 * fetch their loader cost as much as one. Nothing stays after the last of them.
 */
export function createSharedFiles(
  content: Pick<ContentStore, 'open'>,
): (digest: Digest) => Promise<BootFile | undefined> {
  const rows = new Map<Digest, Row>();
  const join = (digest: Digest): Row => {
    const row = rows.get(digest) ?? { loading: loadSmall(content, digest), readers: 0 };
    rows.set(digest, row);
    row.readers += 1;
    return row;
  };
  const leave = (digest: Digest, row: Row): void => {
    row.readers -= 1;
    if (row.readers === 0) rows.delete(digest);
  };
  return async (digest) => {
    const row = join(digest);
    const bytes = await row.loading.catch((cause: unknown) => {
      leave(digest, row);
      throw cause;
    });
    if (bytes) return memoryFile(bytes, () => leave(digest, row));
    leave(digest, row);
    return content.open(digest);
  };
}

/** A file whose bytes are here. */
export function memoryFile(bytes: Uint8Array, onClose?: () => void): BootFile {
  return {
    sizeBytes: bytes.length,
    bytes,
    read: async (into, position) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: async () => onClose?.(),
  };
}

async function loadSmall(content: Pick<ContentStore, 'open'>, digest: Digest): Promise<Uint8Array | undefined> {
  const asset = await content.open(digest);
  if (!asset) return undefined;
  try {
    return asset.sizeBytes > MOST_BYTES ? undefined : await readWhole(asset);
  } finally {
    await asset.close();
  }
}

async function readWhole(asset: OpenAsset): Promise<Uint8Array> {
  const bytes = new Uint8Array(asset.sizeBytes);
  for (let done = 0; done < bytes.length; ) {
    const got = await asset.read(bytes.subarray(done), done);
    if (got === 0) throw new Error(`a file of ${bytes.length} bytes ends at ${done}`);
    done += got;
  }
  return bytes;
}
