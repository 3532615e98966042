import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AppError } from '../kernel/errors.ts';
import type { Store } from '../model/store.ts';
import { createLogRecorder, ManualClock } from './content/testing/fixtures.ts';
import { withSpareFile } from './spare-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-spare-'));
});
afterEach(() => rm(folder, { recursive: true }));

const random = { unit: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(7) };

/** A store on a disk that is full while `isFull` says so. */
async function world(isFull: () => Promise<boolean>, code: 'disk-full' | 'disk-failed' = 'disk-full') {
  const clock = new ManualClock();
  const tries: number[] = [];
  const path = join(folder, 'spare');
  const commit = async (): Promise<void> => {
    tries.push(tries.length);
    if (await isFull()) throw new AppError(code, 'no space');
  };
  // Only what a commit needs.
  const inner = { commit } as unknown as Store;
  const store = withSpareFile({ path, store: inner, clock, random, log: createLogRecorder() });
  const size = () =>
    stat(path).then(
      (file) => file.size,
      () => 0,
    );
  await vi.waitFor(async () => expect(await size()).toBe(16 * 2 ** 20));
  return { clock, tries, store, size };
}

it('is given up for what a full disk refused, and made again later', async () => {
  const isThere = async () => (await stat(join(folder, 'spare')).catch(() => undefined)) !== undefined;
  const { clock, tries, store, size } = await world(isThere);
  expect(await size()).toBe(16 * 2 ** 20);
  await Promise.all([store.commit([], []), store.commit([], [])]);
  expect([tries.length, await size()]).toEqual([4, 0]);
  clock.advance(60_000);
  await vi.waitFor(async () => expect(await size()).toBe(16 * 2 ** 20));
});

it('is given up once: then a full disk refuses', async () => {
  const { clock, tries, store } = await world(async () => true);
  await expect(store.commit([], [])).rejects.toMatchObject({ code: 'disk-full' });
  clock.advance(2_000);
  await expect(store.commit([], [])).rejects.toMatchObject({ code: 'disk-full' });
  expect(tries.length).toBe(3);
});

it('stays where the disk fails otherwise', async () => {
  const { store, size } = await world(async () => true, 'disk-failed');
  await expect(store.commit([], [])).rejects.toMatchObject({ code: 'disk-failed' });
  expect(await size()).toBe(16 * 2 ** 20);
});
