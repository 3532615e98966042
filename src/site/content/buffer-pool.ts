/** 1 MiB reads cost half the processor time of 64 KiB ones. */
const LARGE_BYTES = 1024 * 1024;
const SMALL_BYTES = 64 * 1024;

/** Lends buffers for reading files. */
export type BufferPool = {
  take(): Uint8Array<ArrayBuffer>;
  /** Only for a buffer that nobody reads or writes any more; one that is never given back merely counts as lent. */
  give(buffer: Uint8Array<ArrayBuffer>): void;
  /** A lent buffer is lost: the kernel may still be reading from it. */
  forget(buffer: Uint8Array<ArrayBuffer>): void;
};

/**
 * A pool that lends at most `maxLarge` buffers of 1 MiB, and small ones beyond that, so that hundreds of slow clients
 * cost speed, not memory.
 */
export function createBufferPool(maxLarge = 64): BufferPool {
  const idle: Uint8Array<ArrayBuffer>[] = [];
  let lent = 0;
  return {
    take: () => {
      if (lent >= maxLarge) return new Uint8Array(SMALL_BYTES);
      lent++;
      return idle.pop() ?? new Uint8Array(LARGE_BYTES);
    },
    give: (buffer) => {
      if (buffer.length !== LARGE_BYTES) return;
      lent--;
      idle.push(buffer);
    },
    forget: (buffer) => {
      if (buffer.length === LARGE_BYTES) lent--;
    },
  };
}
