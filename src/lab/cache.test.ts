import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachedFolder, labCacheDir } from './cache.ts';

describe('the cache of the lab', () => {
  let base: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'slipway-cache-'));
  });

  afterEach(async () => {
    await rm(base, { recursive: true });
  });

  test('lies where XDG says, else below HOME', () => {
    expect(labCacheDir({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/slipway/lab');
    expect(labCacheDir({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/slipway/lab');
  });

  test('builds a folder once, also below folders that do not exist yet', async () => {
    let builds = 0;
    const build = async (dir: string) => {
      builds++;
      await writeFile(join(dir, 'file'), 'bytes');
    };
    const first = await cachedFolder(join(base, 'a', 'b'), 'key', build);
    const second = await cachedFolder(join(base, 'a', 'b'), 'key', build);
    expect([first, builds]).toEqual([second, 1]);
    expect(await readFile(join(first, 'file'), 'utf8')).toBe('bytes');
  });

  test('a build that fails leaves nothing, and the next one may succeed', async () => {
    const failing = cachedFolder(base, 'key', () => Promise.reject(new Error('no network')));
    await expect(failing).rejects.toThrow('no network');
    expect(await readdir(base)).toEqual([]);
    await cachedFolder(base, 'key', (dir) => writeFile(join(dir, 'file'), ''));
    expect(await readdir(base)).toEqual(['key']);
  });

  test('of two builds at once one wins, and both callers get a finished folder', async () => {
    const build = (dir: string) => writeFile(join(dir, 'file'), 'bytes');
    const [one, two] = await Promise.all([cachedFolder(base, 'key', build), cachedFolder(base, 'key', build)]);
    expect(one).toBe(two);
    expect(await readdir(base)).toEqual(['key']);
    expect(await readdir(one)).toEqual(['file']);
  });
});
