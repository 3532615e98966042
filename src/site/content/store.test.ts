import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AssetSource } from '../../model/revision.ts';
import { diskError } from './disk.ts';
import { type ContentSettings, createContentStore, type RunningContentStore } from './store.ts';
import { assetOf, createLogRecorder, digestOf, halfRandom, ManualClock } from './testing/fixtures.ts';

let folder: string;
let clock: ManualClock;
let log: ReturnType<typeof createLogRecorder>;
let store: RunningContentStore;
let web: Server;
let answer: RequestListener;

const dataDir = () => join(folder, 'data');
const openStore = (settings: Partial<ContentSettings> = {}) =>
  createContentStore({ settings: { dataDir: dataDir(), ...settings }, clock, random: halfRandom, log });
const url = (path = '/file'): AssetSource => ({
  kind: 'url',
  url: `http://127.0.0.1:${(web.address() as AddressInfo).port}${path}`,
});
const file = (name: string): AssetSource => ({ kind: 'file', path: join(folder, name) });

async function put(name: string, text: string): Promise<AssetSource> {
  await writeFile(join(folder, name), text);
  return file(name);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-content-'));
  clock = new ManualClock();
  log = createLogRecorder();
  store = await openStore();
  answer = (_, response) => response.end('hello');
  web = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await store.stop();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await rm(folder, { recursive: true });
});

describe('a fill', () => {
  test('brings verified bytes to their final name, read-only, and leaves nothing behind', async () => {
    const asset = assetOf('hello', await put('source', 'hello'));
    expect(store.stateOf(asset.digest)).toEqual({ kind: 'absent' });
    await store.ensure(asset);
    expect(store.stateOf(asset.digest)).toEqual({ kind: 'complete', sizeBytes: 5 });
    const path = join(dataDir(), 'blobs', 'sha256', asset.digest.slice(0, 2), asset.digest);
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(await readdir(join(dataDir(), 'partial'))).toEqual([]);
  });

  test('is shared by all who ask while it runs', async () => {
    let requests = 0;
    answer = (_, response) => {
      requests++;
      response.end('hello');
    };
    const asset = assetOf('hello', url());
    await Promise.all([store.ensure(asset), store.ensure(asset), store.ensure(asset)]);
    await store.ensure(asset);
    expect(requests).toBe(1);
  });

  test('tells how far it is', async () => {
    let finish: () => void = () => undefined;
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('12345');
      finish = () => response.end('67890');
    };
    const asset = assetOf('1234567890', url());
    const done = store.ensure(asset);
    await vi.waitFor(() =>
      expect(store.stateOf(asset.digest)).toEqual({ kind: 'filling', bytesDone: 5, sizeBytes: 10 }),
    );
    expect(await store.open(asset.digest)).toBeUndefined();
    finish();
    await done;
  });

  test('goes to the next source, and follows redirects', async () => {
    answer = (request, response) => {
      if (request.url === '/file') response.writeHead(302, { location: '/real' }).end();
      else response.end('hello');
    };
    const asset = assetOf('hello', file('missing'), await put('wrong', 'other'), url());
    await store.ensure(asset);
    expect(store.stateOf(asset.digest).kind).toBe('complete');
  });

  test('is asset-unavailable with a reason per source', async () => {
    answer = (_, response) => response.writeHead(404).end();
    const bad: AssetSource = { kind: 'url', url: 'ftp://user:hunter2@example.test/x?token=1' };
    const error = await store.ensure(assetOf('hello', file('missing'), url(), bad)).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'asset-unavailable' });
    expect(error.message).toMatch(
      /missing: there is no such file; http.*file: the server says 404 Not Found; ftp:.*not an http/,
    );
    expect(error.message).not.toMatch(/hunter2|token/);
  });

  test('of other bytes is asset-wrong-digest, names both digests, and keeps nothing', async () => {
    const asset = assetOf('hello', await put('source', 'other'));
    const error = await store.ensure(asset).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'asset-wrong-digest' });
    expect(error.message).toContain(`has sha256 ${digestOf('other')}, expected ${asset.digest}`);
    expect(await readdir(join(dataDir(), 'partial'))).toEqual([]);
    expect(await readdir(join(dataDir(), 'blobs', 'sha256'))).toEqual([]);
    expect(await store.open(asset.digest)).toBeUndefined();
  });

  test('of a download that breaks off brings nothing', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('hello', () => response.destroy());
    };
    await expect(store.ensure(assetOf('hello', url()))).rejects.toMatchObject({
      code: 'asset-unavailable',
      message: expect.stringContaining('cut off'),
    });
  });

  test('of a source that falls silent ends', async () => {
    const patient = await openStore({ stallMs: 50 });
    answer = (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('hello');
    const outcome = patient.ensure(assetOf('hello', url()));
    await expect(outcome).rejects.toThrow('no byte for 0.05 s');
    await patient.stop();
  });

  test('of a source that is cut off behind the last byte, and had not said how many there are, is told by 416', async () => {
    const ranges: (string | undefined)[] = [];
    answer = ({ headers: { range } }, response) => {
      ranges.push(range);
      if (range !== undefined) response.writeHead(416, { 'content-range': 'bytes */5' }).end('nothing left');
      else response.writeHead(200).write('hello', () => response.destroy());
    };
    const asset = assetOf('hello', url());
    await store.ensure(asset).catch(() => undefined);
    await store.ensure(asset);
    expect([store.stateOf(asset.digest).kind, ranges]).toEqual(['complete', [undefined, 'bytes=5-']]);
  });

  test('of a source that redirects for ever, or sends too much, ends', async () => {
    const small = await openStore({ maxAssetBytes: 4 });
    answer = (request, response) => {
      if (request.url === '/loop') response.writeHead(301, { location: '/loop' }).end();
      else response.end('hello');
    };
    const outcome = small.ensure(assetOf('hello', url('/loop'), url()));
    await expect(outcome).rejects.toThrow(/redirects more than 5 times; .*more than 4 bytes/);
    await small.stop();
  });

  test('takes bytes as they are stored, also when the server labels them as compressed', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not really gzip');
    const asset = assetOf('not really gzip', url());
    await store.ensure(asset);
    expect(store.stateOf(asset.digest).kind).toBe('complete');
  });

  test('of a package that nobody has says what apt said', async () => {
    const source: AssetSource = { kind: 'debian', package: 'Not A Package', path: 'usr/lib/none' };
    await expect(store.ensure(assetOf('hello', source))).rejects.toThrow(
      /installed file \/usr\/lib\/none: there is no such file; Debian package Not A Package: is no name/,
    );
  });

  test('of an installed file of a package needs no download', async () => {
    const installed = await put('installed', 'hello');
    const path = (installed as { path: string }).path.slice(1);
    await store.ensure(assetOf('hello', { kind: 'debian', package: 'not-a-package', path }));
    expect(store.stateOf(digestOf('hello')).kind).toBe('complete');
  });

  test('onto a disk that refuses is disk-failed, not the fault of the source', async () => {
    const source = await put('source', 'hello');
    await rm(join(dataDir(), 'partial'), { recursive: true });
    await expect(store.ensure(assetOf('hello', source))).rejects.toMatchObject({ code: 'disk-failed' });
  });

  test('leaves the reserve of the disk to leases and events', async () => {
    const careful = await openStore({ reserveBytes: 2 ** 60 });
    const asset = assetOf('hello', await put('source', 'hello'));
    await expect(careful.ensure(asset)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/^\d+ MiB are free, of which \d+ are kept/),
    });
    expect(careful.stateOf(asset.digest).kind).toBe('failed');
    expect(await readdir(join(dataDir(), 'partial'))).toEqual([]);
    await careful.stop();
  });

  test('waits its turn when enough others run', async () => {
    const single = await openStore({ parallelFills: 1 });
    let open = 0;
    let most = 0;
    answer = (request, response) => {
      most = Math.max(most, ++open);
      response.end(request.url?.slice(1), () => open--);
    };
    await Promise.all(['a', 'b', 'c'].map((text) => single.ensure(assetOf(text, url(`/${text}`)))));
    expect(most).toBe(1);
    await single.stop();
  });
});

describe('after a failure', () => {
  test('the state says why and when the next try is, and a pinned asset is tried until it is here', async () => {
    const asset = assetOf('hello', file('late'));
    await store.pin('revision', [asset.digest]);
    await store.ensure(asset).catch(() => undefined);
    const state = store.stateOf(asset.digest);
    expect(state).toMatchObject({ kind: 'failed', nextTryAt: clock.now() + 4_500 });
    await put('late', 'hello');
    clock.advance(4_500);
    await vi.waitFor(() => expect(store.stateOf(asset.digest).kind).toBe('complete'));
    expect(clock.pending).toBe(0);
  });

  test('waits grow from try to try', async () => {
    const asset = assetOf('hello', file('never'));
    await store.pin('revision', [asset.digest]);
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      await store.ensure(asset).catch(() => undefined);
      const state = store.stateOf(asset.digest);
      waits.push(state.kind === 'failed' ? state.nextTryAt - clock.now() : 0);
    }
    expect(waits).toEqual([4_500, 7_000, 12_000]);
    expect(clock.pending).toBe(1);
  });

  test('an asset that nobody pins is not tried again', async () => {
    const asset = assetOf('hello', file('never'));
    await store.ensure(asset).catch(() => undefined);
    clock.advance(4_500);
    expect(store.stateOf(asset.digest)).toEqual({ kind: 'absent' });
    expect(clock.pending).toBe(0);
  });

  test('ENOSPC is disk-full, anything else disk-failed', () => {
    const errno = (code: string) => diskError(Object.assign(new Error(code), { code }), 'cannot write');
    expect([errno('ENOSPC').code, errno('EDQUOT').code, errno('EIO').code]).toEqual([
      'disk-full',
      'disk-full',
      'disk-failed',
    ]);
  });
});

describe('a start', () => {
  test('knows what is complete and drops what is half done', async () => {
    const asset = assetOf('hello', await put('source', 'hello'));
    await store.ensure(asset);
    await mkdir(join(dataDir(), 'partial', 'fill-dead'));
    await writeFile(join(dataDir(), 'partial', 'fill-dead', 'bytes'), 'half');
    const second = await openStore();
    expect(second.stateOf(asset.digest)).toEqual({ kind: 'complete', sizeBytes: 5 });
    expect(await readdir(join(dataDir(), 'partial'))).toEqual([]);
    await second.stop();
  });

  test('ignores files that are no blobs', async () => {
    const shard = join(dataDir(), 'blobs', 'sha256', 'ab');
    await mkdir(shard);
    await writeFile(join(shard, 'README'), 'x');
    const second = await openStore();
    expect(log.lines.at(-1)?.fields).toEqual({ assets: 0 });
    await second.stop();
  });

  test('in a data directory that is a file is disk-failed', async () => {
    await writeFile(join(folder, 'blocked'), '');
    await expect(openStore({ dataDir: join(folder, 'blocked') })).rejects.toMatchObject({ code: 'disk-failed' });
  });
});

describe('an opened asset', () => {
  test('is read at any position, and stays readable when its name is gone', async () => {
    const asset = assetOf('hello', await put('source', 'hello'));
    await store.ensure(asset);
    const opened = await store.open(asset.digest);
    await rm(join(dataDir(), 'blobs', 'sha256', asset.digest.slice(0, 2), asset.digest));
    const into = new Uint8Array(3);
    expect(await opened?.read(into, 2)).toBe(3);
    expect(new TextDecoder().decode(into)).toBe('llo');
    expect(await opened?.read(into, 5)).toBe(0);
    await opened?.close();
  });

  test('that was deleted or cut on disk is not served, and fetched again while somebody pins it', async () => {
    const asset = assetOf('hello', await put('source', 'hello'));
    await store.pin('revision', [asset.digest]);
    await store.ensure(asset);
    const path = join(dataDir(), 'blobs', 'sha256', asset.digest.slice(0, 2), asset.digest);
    await chmod(path, 0o644);
    await truncate(path, 2);
    expect(await store.open(asset.digest)).toBeUndefined();
    expect(await readdir(join(dataDir(), 'quarantine'))).toEqual([asset.digest]);
    await vi.waitFor(() => expect(store.stateOf(asset.digest).kind).toBe('complete'));
    await rm(path);
    expect(await store.open(asset.digest)).toBeUndefined();
  });
});

test('stop ends a download that runs, and keeps what is here for the next life', async () => {
  answer = (_, response) => void response.writeHead(200).write('hello');
  const outcome = store.ensure(assetOf('hello!', url())).catch((cause) => cause);
  await vi.waitFor(() => expect(store.stateOf(digestOf('hello!'))).toMatchObject({ bytesDone: 5 }));
  await store.stop();
  expect(await outcome).toMatchObject({ code: 'asset-unavailable' });
  expect(await readdir(join(dataDir(), 'partial'))).toEqual([digestOf('hello!')]);
});
