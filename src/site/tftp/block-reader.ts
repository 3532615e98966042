import { DATA_HEADER_BYTES, encodeDataBlocks } from './codec/packet.ts';
import type { BootFile } from './ports.ts';

/** The least to read at once: each read costs a turn of another thread, and each transfer of a large file keeps up to three of these. */
const LEAST_CHUNK_BYTES = 128 * 1024;
/** What is in memory costs no turn, only its copy. */
const LEAST_COPY_BYTES = 16 * 1024;

/** Reads blocks in order, with rewinds inside a window; block 1 is the first. */
export type BlockReader = {
  /**
   * The DATA packets of blocks `first` to `last`, ready to be sent; at once where they were read ahead, which is nearly always: a
   * client in lock-step waits for every turn. Blocks before `first` are not asked for again.
   */
  read(first: number, last: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
};

/** `packets`: those of all its blocks, one behind the other. */
type Chunk = { readonly loading: Promise<void> | undefined; packets?: Uint8Array };

/**
 * Reads a file in chunks of at least a window, always one ahead, so that a window rarely waits for the disk. Keeps at most
 * three chunks. Each is made into packets as a whole: nothing is left to do for a block but to send it.
 */
export function createBlockReader(file: BootFile, blockBytes: number, window: number): BlockReader {
  const leastBytes = file.bytes ? LEAST_COPY_BYTES : LEAST_CHUNK_BYTES;
  const blocksPerChunk = Math.max(window, Math.ceil(leastBytes / blockBytes));
  const chunkBytes = blocksPerChunk * blockBytes;
  const packetBytes = DATA_HEADER_BYTES + blockBytes;
  const blocks = Math.floor(file.sizeBytes / blockBytes) + 1;
  const chunks = new Map<number, Chunk>();
  const chunkOf = (block: number) => Math.floor((block - 1) / blocksPerChunk);

  const pack = (index: number, bytes: Uint8Array): Uint8Array => {
    const before = index * blocksPerChunk;
    return encodeDataBlocks(bytes, {
      ...{ first: before + 1, count: Math.min(blocksPerChunk, blocks - before), blockBytes },
    });
  };
  const start = (index: number): Chunk => {
    const from = index * chunkBytes;
    if (file.bytes) return { loading: undefined, packets: pack(index, file.bytes.subarray(from, from + chunkBytes)) };
    const chunk: Chunk = {
      loading: readExactly(file, from, chunkBytes).then((bytes) => {
        chunk.packets = pack(index, bytes);
      }),
    };
    // Whoever needs the chunk meets its error; a chunk that was only read ahead may never be needed.
    chunk.loading?.catch(() => chunks.delete(index));
    return chunk;
  };
  const load = (index: number): Chunk => {
    const chunk = chunks.get(index) ?? start(index);
    chunks.set(index, chunk);
    return chunk;
  };
  /** undefined: one of them is still being read. */
  const cut = (first: number, last: number): Uint8Array[] | undefined => {
    const packets: Uint8Array[] = [];
    for (let block = first; block <= last; block++) {
      const whole = chunks.get(chunkOf(block))?.packets;
      if (!whole) return undefined;
      const offset = ((block - 1) % blocksPerChunk) * packetBytes;
      packets.push(whole.subarray(offset, offset + packetBytes));
    }
    return packets;
  };
  /** Begins to read what is needed and, from a file, what comes after it. */
  const loadAround = (first: number, last: number): void => {
    for (const index of chunks.keys()) if (index < chunkOf(first)) chunks.delete(index);
    for (let index = chunkOf(first); index <= chunkOf(last); index++) load(index);
    const next = chunkOf(last) + 1;
    if (!file.bytes && next * chunkBytes < file.sizeBytes) load(next);
  };
  return {
    read: (first, last) => {
      loadAround(first, last);
      const here = cut(first, last);
      if (here) return here;
      const needed = [load(chunkOf(first)), load(chunkOf(last))];
      return Promise.all(needed.map(({ loading }) => loading)).then(() => cut(first, last) ?? []);
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
