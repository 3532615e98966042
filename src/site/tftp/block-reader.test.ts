import { describe, expect, test } from 'vitest';
import { createBlockReader } from './block-reader.ts';
import type { BootFile } from './ports.ts';

const bytes = new Uint8Array(400_000).map((_, index) => (index * 31) & 255);

/** A file that notes where it was read, in pieces of at most `piece` bytes. */
function fileOf(content: Uint8Array, piece = Number.POSITIVE_INFINITY, sizeBytes = content.length) {
  const positions: number[] = [];
  const file: BootFile = {
    sizeBytes,
    read: async (into, position) => {
      positions.push(position);
      const part = content.subarray(position, position + Math.min(into.length, piece));
      into.set(part);
      return part.length;
    },
    close: async () => undefined,
  };
  return { file, positions };
}

/** What a DATA packet carries, which must be that of the block. */
function payloadOf(packet: Uint8Array | undefined, block: number): Uint8Array {
  const header = packet?.subarray(0, 4).join();
  if (header !== `0,3,${(block >> 8) & 255},${block & 255}`) throw new Error(`block ${block} begins with ${header}`);
  // A copy: the memory is used again.
  return packet?.slice(4) ?? new Uint8Array(0);
}

async function readAll(file: BootFile, blockBytes: number, window: number): Promise<Uint8Array> {
  const reader = createBlockReader(file, blockBytes, window);
  const last = Math.floor(file.sizeBytes / blockBytes) + 1;
  const all: Uint8Array[] = [];
  for (let first = 1; first <= last; first += window)
    all.push(
      ...(await reader.read(first, Math.min(first + window - 1, last))).map((packet, i) =>
        payloadOf(packet, first + i),
      ),
    );
  expect(all).toHaveLength(last);
  expect(all.at(-1)?.length).toBe(file.sizeBytes % blockBytes);
  return Buffer.concat(all);
}

describe('the block reader', () => {
  test.each([
    [512, 1],
    [1468, 64],
    [8, 3],
    [1000, 7],
    [50_000, 2],
  ])('gives the file in blocks of %i bytes, %i at a time', async (blockBytes, window) => {
    const { file } = fileOf(bytes, 10_007);
    expect(Buffer.compare(await readAll(file, blockBytes, window), bytes)).toBe(0);
  });

  test('reads in large pieces, one ahead', async () => {
    const { file, positions } = fileOf(bytes);
    const reader = createBlockReader(file, 512, 1);
    await reader.read(1, 1);
    expect(positions).toEqual([0, 65_536]);
    for (let block = 2; block <= 128; block++) await reader.read(block, block);
    expect(positions).toHaveLength(2);
    await reader.read(129, 129);
    expect(positions).toEqual([0, 65_536, 131_072]);
  });

  test('gives what was read ahead at once', async () => {
    const { file } = fileOf(bytes);
    const reader = createBlockReader(file, 512, 1);
    expect(reader.read(1, 1)).toBeInstanceOf(Promise);
    await reader.read(1, 1);
    const [second, third] = reader.read(2, 3) as readonly Uint8Array[];
    expect(payloadOf(second, 2)).toEqual(bytes.subarray(512, 1024));
    expect(payloadOf(third, 3)).toEqual(bytes.subarray(1024, 1536));
  });

  test('goes back inside a window without reading again', async () => {
    const { file, positions } = fileOf(bytes);
    const reader = createBlockReader(file, 2000, 80);
    await reader.read(1, 80);
    const [block] = await reader.read(30, 109);
    expect(Buffer.compare(payloadOf(block, 30), bytes.subarray(58_000, 60_000))).toBe(0);
    expect(positions).toEqual([0, 160_000, 320_000]);
  });

  test('goes back to a window before, and what was handed out meanwhile stays as it was', async () => {
    const { file, positions } = fileOf(bytes);
    const reader = createBlockReader(file, 50_000, 2);
    const before = await reader.read(1, 2);
    const copies = before.map((packet) => packet.slice());
    // A client that is not believed gets only new blocks, until its silence says that it missed an old one.
    await reader.read(3, 4);
    const again = reader.read(2, 3);
    expect(before).toEqual(copies);
    expect(payloadOf((await again)[0], 2)).toEqual(bytes.subarray(50_000, 100_000));
    expect(positions).toEqual([0, 100_000, 200_000]);
  });

  test.each([512, 1_468, 50_000])(
    'cuts a file that is in memory into blocks of %i bytes, and reads nothing',
    async (blockBytes) => {
      const { file, positions } = fileOf(bytes);
      expect(Buffer.compare(await readAll({ ...file, bytes }, blockBytes, 4), bytes)).toBe(0);
      expect(positions).toEqual([]);
    },
  );

  test.each([true, false])(
    'leaves packets as they are while the next chunk is sent (in memory: %o)',
    async (inMemory) => {
      const { file } = fileOf(bytes);
      const reader = createBlockReader(inMemory ? { ...file, bytes } : file, 1000, 128);
      for (let first = 1; first + 255 <= 400; first += 128) {
        const before = await reader.read(first, first + 127);
        const copies = before.map((packet) => packet.slice());
        await reader.read(first + 128, first + 255);
        await reader.read(first + 255, first + 255);
        expect(before).toEqual(copies);
      }
    },
  );

  test('an empty file is one empty block', async () => {
    const { file } = fileOf(new Uint8Array(0));
    const [block, ...more] = await createBlockReader(file, 512, 1).read(1, 1);
    expect([payloadOf(block, 1).length, more]).toEqual([0, []]);
  });

  test('a file that is shorter than it says is an error, and a later try may succeed', async () => {
    const { file } = fileOf(bytes.subarray(0, 600), undefined, 1_000);
    const reader = createBlockReader(file, 512, 1);
    await expect(reader.read(1, 1)).rejects.toThrow('a file of 1000 bytes ends at 600');
    await expect(reader.read(1, 1)).rejects.toThrow('ends at 600');
  });
});
