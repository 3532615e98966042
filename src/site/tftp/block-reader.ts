import type { BootFile } from './ports.ts';

/** The least to read at once: each read costs a turn of another thread, and each transfer of a large file keeps up to three of these each. */
const LEAST_CHUNK_BYTES = 64 * 1024;

/** Reads blocks in order, with rewinds inside a window; block 1 is the first. */
export type BlockReader = {
  /**
   * The payloads of blocks `first` to `last`; at once where they were read ahead, which is nearly always: a client in lock-step
   * waits for every turn. Blocks before `first` are not asked for again.
   */
  read(first: number, last: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
};

/**
 * Reads a file in chunks of at least a window, always one ahead, so that a window rarely waits for the disk. Keeps at most
 * three chunks.
 */
export function createBlockReader(file: BootFile, blockBytes: number, window: number): BlockReader {
  const { bytes } = file;
  if (bytes) return { read: (first, last) => range(first, last).map((block) => blockOf(bytes, block, blockBytes)) };
  const blocksPerChunk = Math.max(window, Math.ceil(LEAST_CHUNK_BYTES / blockBytes));
  const chunkBytes = blocksPerChunk * blockBytes;
  const chunks = new Map<number, Chunk>();
  const chunkOf = (block: number) => Math.floor((block - 1) / blocksPerChunk);

  const load = (index: number): Chunk => {
    const known = chunks.get(index);
    if (known) return known;
    const loading = readExactly(file, index * chunkBytes, chunkBytes);
    const chunk: Chunk = { loading };
    // Whoever needs the chunk meets its error; a chunk that was only read ahead may never be needed.
    loading.then(
      (bytes) => {
        chunk.bytes = bytes;
      },
      () => chunks.delete(index),
    );
    chunks.set(index, chunk);
    return chunk;
  };
  const cut = (needed: readonly Uint8Array[], first: number, last: number): readonly Uint8Array[] =>
    range(first, last).map((block) => {
      const offset = ((block - 1) % blocksPerChunk) * blockBytes;
      const chunk = needed[chunkOf(block) - chunkOf(first)];
      return chunk?.subarray(offset, offset + blockBytes) ?? new Uint8Array(0);
    });

  return {
    read: (first, last) => {
      for (const index of chunks.keys()) if (index < chunkOf(first)) chunks.delete(index);
      const needed = range(chunkOf(first), chunkOf(last)).map(load);
      if ((chunkOf(last) + 1) * chunkBytes < file.sizeBytes) load(chunkOf(last) + 1);
      const here = needed.flatMap(({ bytes }) => bytes ?? []);
      if (here.length === needed.length) return cut(here, first, last);
      return Promise.all(needed.map(({ loading }) => loading)).then((all) => cut(all, first, last));
    },
  };
}

type Chunk = { readonly loading: Promise<Uint8Array>; bytes?: Uint8Array };

async function readExactly(file: BootFile, position: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(count, file.sizeBytes - position)));
  for (let done = 0; done < bytes.length; ) {
    const got = await file.read(bytes.subarray(done), position + done);
    if (got === 0) throw new Error(`a file of ${file.sizeBytes} bytes ends at ${position + done}`);
    done += got;
  }
  return bytes;
}

function blockOf(bytes: Uint8Array, block: number, blockBytes: number): Uint8Array {
  return bytes.subarray((block - 1) * blockBytes, block * blockBytes);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
