import { expect, test } from 'vitest';
import type { Digest } from '../kernel/digest.ts';
import { createSharedFiles } from './shared-files.ts';

const SMALL = 'sha256:small' as Digest;
const LARGE = 'sha256:large' as Digest;

function store(sizes: ReadonlyMap<Digest, number>) {
  const seen = { opened: 0, open: 0 };
  const open = async (digest: Digest) => {
    const sizeBytes = sizes.get(digest);
    if (sizeBytes === undefined) return undefined;
    seen.opened += 1;
    seen.open += 1;
    return {
      sizeBytes,
      read: async (into: Uint8Array, position: number) => {
        const count = Math.min(into.length, sizeBytes - position, 1_000);
        into.fill(7, 0, count);
        return count;
      },
      close: async () => {
        seen.open -= 1;
      },
    };
  };
  return { seen, share: createSharedFiles({ open }) };
}

test('what many read at once is read once, and again after the last of them', async () => {
  const { seen, share } = store(new Map([[SMALL, 2_500]]));
  const files = await Promise.all(Array.from({ length: 50 }, () => share(SMALL)));
  expect(seen).toEqual({ opened: 1, open: 0 });
  expect(new Set(files.map((file) => file?.bytes)).size).toBe(1);
  expect(files[0]?.bytes).toEqual(new Uint8Array(2_500).fill(7));
  for (const file of files) await file?.close();
  await share(SMALL);
  expect(seen.opened).toBe(2);
});

test('a large file is read by each, a piece at a time', async () => {
  const { seen, share } = store(new Map([[LARGE, 5 * 1024 * 1024]]));
  const [one, other] = await Promise.all([share(LARGE), share(LARGE)]);
  expect([one?.bytes, other?.bytes]).toEqual([undefined, undefined]);
  await one?.close();
  await other?.close();
  expect(seen.open).toBe(0);
});

test('what is not here is nothing, and what cannot be read is asked for anew', async () => {
  const { share } = store(new Map());
  expect(await share(SMALL)).toBeUndefined();
  let fails = true;
  const open = async () => {
    if (fails) throw new Error('EIO');
    return { sizeBytes: 0, read: async () => 0, close: async () => undefined };
  };
  const again = createSharedFiles({ open });
  await expect(again(SMALL)).rejects.toThrow('EIO');
  fails = false;
  expect((await again(SMALL))?.sizeBytes).toBe(0);
});
