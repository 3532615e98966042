import { DATA_HEADER_BYTES, packDataBlocks } from './codec/packet.ts';
import type { BootFile } from './ports.ts';

/** The least to read at once: each read costs a turn of another thread. */
const LEAST_CHUNK_BYTES = 64 * 1024;
/** What is in memory costs no turn, only its copy. */
const LEAST_COPY_BYTES = 16 * 1024;
/**
 * Chunks have their memory in turn: memory that is new for each of them makes the collector of V8 walk the whole heap every few
 * megabytes. Up to three are needed at a time. The one before them rests, as its packets may still wait in the socket, sent a second
 * time; once the chunk after it is confirmed, they have left, being in front of it.
 */
const CHUNKS = 4;

/** Reads blocks in order, with rewinds inside a window; block 1 is the first. */
export type BlockReader = {
  /**
   * The DATA packets of blocks `first` to `last`, ready to be sent; at once where they were read ahead, which is nearly always: a
   * client in lock-step waits for every turn. It may go back, by less than a window. The packets stay as they are until two chunks
   * after theirs are confirmed.
   */
  read(first: number, last: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
};

/** `packets`: those of all its blocks, one behind the other. */
type Chunk = { readonly loading: Promise<void> | undefined; packets?: Uint8Array };

/**
 * Reads a file in chunks of at least a window, always one ahead, so that a window rarely waits for the disk. Each is made into
 * packets as a whole: nothing is left to do for a block but to send it.
 */
export function createBlockReader(file: BootFile, blockBytes: number, window: number): BlockReader {
  const leastBytes = file.bytes ? LEAST_COPY_BYTES : LEAST_CHUNK_BYTES;
  const blocks = Math.floor(file.sizeBytes / blockBytes) + 1;
  const blocksPerChunk = Math.min(blocks, Math.max(window, Math.ceil(leastBytes / blockBytes)));
  const packetBytes = DATA_HEADER_BYTES + blockBytes;
  const memory: Uint8Array[] = [];
  const chunks = new Map<number, Chunk>();
  const chunkOf = (block: number) => Math.floor((block - 1) / blocksPerChunk);

  /** Where a chunk stands: where the one stood that it follows, which nobody asks for any more. */
  const placeOf = (index: number): Uint8Array => {
    const former = chunks.get(index - CHUNKS);
    chunks.delete(index - CHUNKS);
    // A client may confirm what was not even read: then the disk still writes there.
    const isFree = !former || former.packets !== undefined;
    const place = (isFree && memory[index % CHUNKS]) || new Uint8Array(blocksPerChunk * packetBytes);
    memory[index % CHUNKS] = place;
    return place;
  };
  const start = (index: number): Chunk => {
    const before = index * blocksPerChunk;
    const count = Math.min(blocksPerChunk, blocks - before);
    const position = before * blockBytes;
    const end = Math.min(file.sizeBytes, position + count * blockBytes);
    const packets = placeOf(index).subarray(0, count * DATA_HEADER_BYTES + end - position);
    const bytes = packets.subarray(count * DATA_HEADER_BYTES);
    const pack = () => packDataBlocks(packets, { first: before + 1, count, blockBytes });
    if (file.bytes) {
      bytes.set(file.bytes.subarray(position, end));
      pack();
      return { loading: undefined, packets };
    }
    const loading = readExactly(file, position, bytes).then(() => {
      pack();
      chunk.packets = packets;
    });
    const chunk: Chunk = { loading };
    // Whoever needs the chunk meets its error; a chunk that was only read ahead may never be needed.
    loading.catch(() => chunks.delete(index));
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
    for (let index = chunkOf(first); index <= chunkOf(last); index++) load(index);
    const next = chunkOf(last) + 1;
    if (!file.bytes && next * blocksPerChunk * blockBytes < file.sizeBytes) load(next);
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

async function readExactly(file: BootFile, position: number, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const got = await file.read(into.subarray(done), position + done);
    if (got === 0) throw new Error(`a file of ${file.sizeBytes} bytes ends at ${position + done}`);
    done += got;
  }
}
