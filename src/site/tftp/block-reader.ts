import type { BootFile } from './ports.ts';

/** The least to read at once: reads of single blocks would cost a system call each. */
const LEAST_CHUNK_BYTES = 32 * 1024;

/** Reads blocks in order, with rewinds inside a window; block 1 is the first. */
export type BlockReader = {
  /** The payloads of blocks `first` to `last`. Blocks before `first` are not asked for again. */
  read(first: number, last: number): Promise<Uint8Array[]>;
};

/**
 * Reads a file in chunks of at least a window, always one ahead, so that a window rarely waits for the disk. Keeps at most
 * three chunks.
 */
export function createBlockReader(file: BootFile, blockBytes: number, window: number): BlockReader {
  const blocksPerChunk = Math.max(window, Math.ceil(LEAST_CHUNK_BYTES / blockBytes));
  const chunkBytes = blocksPerChunk * blockBytes;
  const chunks = new Map<number, Promise<Uint8Array>>();
  const chunkOf = (block: number) => Math.floor((block - 1) / blocksPerChunk);

  const load = (index: number): Promise<Uint8Array> => {
    const known = chunks.get(index);
    if (known) return known;
    const loading = readExactly(file, index * chunkBytes, chunkBytes);
    // Whoever needs the chunk meets its error; a chunk that was only read ahead may never be needed.
    loading.catch(() => chunks.delete(index));
    chunks.set(index, loading);
    return loading;
  };

  return {
    read: async (first, last) => {
      for (const index of chunks.keys()) if (index < chunkOf(first)) chunks.delete(index);
      const needed = await Promise.all(range(chunkOf(first), chunkOf(last)).map(load));
      if ((chunkOf(last) + 1) * chunkBytes < file.sizeBytes) void load(chunkOf(last) + 1);
      return range(first, last).map((block) => {
        const offset = ((block - 1) % blocksPerChunk) * blockBytes;
        const chunk = needed[chunkOf(block) - chunkOf(first)];
        return chunk?.subarray(offset, offset + blockBytes) ?? new Uint8Array(0);
      });
    },
  };
}

async function readExactly(file: BootFile, position: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(count, file.sizeBytes - position)));
  for (let done = 0; done < bytes.length; ) {
    const got = await file.read(bytes.subarray(done), position + done);
    if (got === 0) throw new Error(`a file of ${file.sizeBytes} bytes ends at ${position + done}`);
    done += got;
  }
  return bytes;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
