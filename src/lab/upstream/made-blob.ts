import { createHash } from 'node:crypto';

const BLOCK = 64 * 1024;
const TAR_RECORD = 512;
const TAR_END = 2 * TAR_RECORD;

/** Bytes that a fake registry holds, without holding them: each block is made when it is asked for, the same every time. */
export type MadeBlob = {
  /** With `sha256:` before it. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** The bytes from `from` to before `to`. */
  slice(from: number, to: number): Uint8Array;
};

/** A blob of bytes that exist already. */
export function blobOf(bytes: Uint8Array): MadeBlob {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { digest, sizeBytes: bytes.length, slice: (from, to) => bytes.subarray(from, to) };
}

/** `sizeBytes` bytes that look random; the same seed makes the same ones. */
export function makeBlob(seed: string, sizeBytes: number): MadeBlob {
  const base = blockOf(seed);
  return fromBlocks(sizeBytes, (index) => numbered(base, index));
}

/**
 * An uncompressed layer that real clients can unpack: a tar archive with one file in it, named after the seed.
 * @param sizeBytes of the whole archive; raised to the next multiple of 512, and to 2048 at least
 */
export function makeLayer(seed: string, sizeBytes: number): MadeBlob {
  const total = Math.max(4 * TAR_RECORD, Math.ceil(sizeBytes / TAR_RECORD) * TAR_RECORD);
  const base = blockOf(seed);
  const header = tarHeader(`layer-${seed.replaceAll(/[^\w.-]/g, '-')}.bin`.slice(0, 100), total - TAR_RECORD - TAR_END);
  return fromBlocks(total, (index) => {
    const block = numbered(base, index);
    if (index === 0) block.set(header);
    const zerosFrom = total - TAR_END - index * BLOCK;
    if (zerosFrom < BLOCK) block.fill(0, Math.max(0, zerosFrom));
    return block;
  });
}

function fromBlocks(sizeBytes: number, blockAt: (index: number) => Uint8Array): MadeBlob {
  const hash = createHash('sha256');
  for (let at = 0; at < sizeBytes; at += BLOCK) hash.update(blockAt(at / BLOCK).subarray(0, sizeBytes - at));
  const slice = (from: number, to: number) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(to, sizeBytes) - from));
    for (let done = 0; done < bytes.length; ) {
      const position = from + done;
      const inBlock = position % BLOCK;
      const part = blockAt((position - inBlock) / BLOCK).subarray(inBlock, inBlock + bytes.length - done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  };
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, slice };
}

/** One block that looks random, by hashing a counter: no library, and no state. */
function blockOf(seed: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  for (let at = 0; at < BLOCK; at += 32) block.set(createHash('sha256').update(`${seed} ${at}`).digest(), at);
  return block;
}

/** No two blocks are the same: a part that was sent to the wrong place is found by the digest. */
function numbered(base: Uint8Array, index: number): Uint8Array {
  const block = base.slice();
  new DataView(block.buffer).setUint32(TAR_RECORD, index);
  return block;
}

/** A header of POSIX ustar, IEEE 1003.1: name, mode, owner, size, time, checksum, kind. */
function tarHeader(name: string, sizeBytes: number): Uint8Array {
  const header = new Uint8Array(TAR_RECORD);
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  put(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(sizeBytes, 11), 124);
  put(octal(0, 11), 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\0', 257);
  put('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
