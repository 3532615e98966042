import { describe, expect, test } from 'vitest';
import type { OpenAsset } from '../../model/content.ts';
import { createSharedPages, type Loan, PAGE_BYTES } from './shared-pages.ts';

const SIZE_BYTES = 10 * PAGE_BYTES + 5;
const SMALL_BYTES = 64 * 1024;

/** A file in which the byte at n is n modulo 251, and how often each of its pages was read. */
function file(version = 'v1', holds = SIZE_BYTES) {
  const readsAt: number[] = [];
  const asset: OpenAsset = {
    sizeBytes: SIZE_BYTES,
    version,
    read: async (into, position) => {
      readsAt.push(position);
      const got = Math.max(0, Math.min(into.length, holds - position));
      for (let i = 0; i < got; i += 1) into[i] = (position + i) % 251;
      return got;
    },
    close: async () => undefined,
  };
  return { asset, readsAt };
}

/** Where the bytes of a loan are from: the place of the first, and how many follow as they should. */
function isFrom({ bytes }: Loan, position: number): boolean {
  return bytes.every((byte, i) => byte === (position + i) % 251);
}

describe('pages of a file', () => {
  test('are read once for all who are at the same place', async () => {
    const pages = createSharedPages();
    const { asset, readsAt } = file();
    const readings = Array.from({ length: 20 }, () => pages.open(asset));
    const loans = await Promise.all(readings.map((reading) => reading.read(0, SIZE_BYTES)));
    const [first] = loans;
    expect(first && first.bytes.length === PAGE_BYTES && isFrom(first, 0)).toBe(true);
    expect(new Set(loans.map(({ bytes }) => bytes.buffer)).size).toBe(1);
    expect(readsAt).toEqual([0]);
  });

  test('stay for those who come behind, and not for one alone', async () => {
    const pages = createSharedPages();
    const { asset, readsAt } = file();
    const [one, other] = [pages.open(asset), pages.open(asset)];
    (await one.read(0, SIZE_BYTES)).giveBack();
    (await other.read(0, SIZE_BYTES)).giveBack();
    expect(readsAt).toEqual([0]);
    other.close();
    const first = await one.read(PAGE_BYTES, SIZE_BYTES);
    first.giveBack();
    const second = await one.read(2 * PAGE_BYTES, SIZE_BYTES);
    expect(second.bytes.buffer).toBe(first.bytes.buffer);
    expect(isFrom(second, 2 * PAGE_BYTES)).toBe(true);
  });

  test('are of one version only: a file that was fetched again is read again', async () => {
    const pages = createSharedPages();
    const [old, fresh] = [file('v1'), file('v2')];
    const before = await pages.open(old.asset).read(0, SIZE_BYTES);
    const after = await pages.open(fresh.asset).read(0, SIZE_BYTES);
    expect([old.readsAt, fresh.readsAt]).toEqual([[0], [0]]);
    expect(before.bytes.buffer).not.toBe(after.bytes.buffer);
  });

  test('are lent from the first byte that is asked for to the last', async () => {
    const reading = createSharedPages().open(file().asset);
    const middle = await reading.read(PAGE_BYTES - 1, SIZE_BYTES);
    expect([middle.bytes.length, isFrom(middle, PAGE_BYTES - 1)]).toEqual([1, true]);
    const part = await reading.read(PAGE_BYTES + 7, PAGE_BYTES + 7 + SMALL_BYTES + 1);
    expect([part.bytes.length, isFrom(part, PAGE_BYTES + 7)]).toEqual([SMALL_BYTES + 1, true]);
    const end = await reading.read(10 * PAGE_BYTES, SIZE_BYTES);
    expect([end.bytes.length, isFrom(end, 10 * PAGE_BYTES)]).toEqual([5, true]);
  });

  test('are as many as allowed; who finds none has a small buffer, until one is given back', async () => {
    const pages = createSharedPages(2);
    const { asset } = file();
    const readings = [0, 1, 2].map(() => pages.open(asset));
    const at = (index: number) => readings[index]?.read(index * PAGE_BYTES, SIZE_BYTES) ?? Promise.reject();
    const [first] = [await at(0), await at(1)];
    const third = await at(2);
    expect([third.bytes.length, isFrom(third, 2 * PAGE_BYTES)]).toEqual([SMALL_BYTES, true]);
    first.giveBack();
    expect((await at(2)).bytes.length).toBe(PAGE_BYTES);
  });

  test('are not waited for where a file is still on its way: its bytes go on as they come', async () => {
    const { asset } = file();
    const coming = {
      sizeBytes: SIZE_BYTES,
      read: async (into: Uint8Array, at: number) => asset.read(into.subarray(0, 9), at),
    };
    const reading = createSharedPages().open({ ...coming, close: asset.close });
    const loan = await reading.read(PAGE_BYTES, SIZE_BYTES);
    expect([loan.bytes.length, isFrom(loan, PAGE_BYTES)]).toEqual([9, true]);
  });

  test('that were lost are never used again, and count no more', async () => {
    const pages = createSharedPages(1);
    const reading = pages.open(file().asset);
    const lost = await reading.read(0, SIZE_BYTES);
    lost.giveBack(true);
    const next = await reading.read(PAGE_BYTES, SIZE_BYTES);
    expect(next.bytes.length).toBe(PAGE_BYTES);
    expect(next.bytes.buffer).not.toBe(lost.bytes.buffer);
    expect(isFrom(lost, 0)).toBe(true);
  });

  test('that cannot be read fail for all who wait, and are tried again', async () => {
    const pages = createSharedPages(1);
    const broken = file('v1', 100);
    const readings = [pages.open(broken.asset), pages.open(broken.asset)];
    const tries = await Promise.allSettled(readings.map((reading) => reading.read(0, SIZE_BYTES)));
    expect(tries.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(readings[0]?.read(0, SIZE_BYTES)).rejects.toThrow('ends at 100');
    expect(broken.readsAt).toEqual([0, 100, 0, 100]);
    expect((await pages.open(file('v1').asset).read(0, SIZE_BYTES)).bytes.length).toBe(PAGE_BYTES);
  });

  test('are gone with the last client', async () => {
    const pages = createSharedPages();
    const { asset, readsAt } = file();
    const readings = [pages.open(asset), pages.open(asset)];
    for (const reading of readings) (await reading.read(0, SIZE_BYTES)).giveBack();
    for (const reading of readings) reading.close();
    await pages.open(asset).read(0, SIZE_BYTES);
    expect(readsAt).toEqual([0, 0]);
  });
});
