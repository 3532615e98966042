import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import type { AssetState, OpenAsset } from '../../model/content.ts';
import type { LoaderTable } from '../../model/site-ports.ts';
import type { AssetProgress } from './progress.ts';
import { assetRoutes } from './routes.ts';
import { createLogRecorder, digestOf, ManualClock } from './testing/fixtures.ts';

const MIB = 1024 * 1024;
const bytes = new Uint8Array(5 * MIB + 17).map((_, index) => (index * 7 + (index >> 12)) & 255);
const digest = digestOf(bytes);
const path = `/assets/sha256/${digest}/vmlinuz`;

let app: FastifyInstance;
let clock: ManualClock;
let log: ReturnType<typeof createLogRecorder>;
let port: number;
let opened: number;
let progress: AssetProgress[];
let state: AssetState;
let read: OpenAsset['read'];

beforeEach(() => start(10_000));

async function start(stallMs: number): Promise<void> {
  clock = new ManualClock();
  log = createLogRecorder();
  opened = 0;
  progress = [];
  state = { kind: 'complete', sizeBytes: bytes.length };
  read = async (into, position) => {
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  };
  const open = async (): Promise<OpenAsset | undefined> => {
    if (state.kind !== 'complete') return undefined;
    opened++;
    return {
      sizeBytes: state.sizeBytes,
      version: 'v1',
      read: (into, at) => read(into, at),
      close: async () => void opened--,
    };
  };
  const follow = () => Promise.reject(new Error('nobody follows'));
  const done = async () => undefined;
  const content = { open, stateOf: () => state, ensure: done, fetch: done, follow, pin: done };
  const loaders: LoaderTable = {
    find: (name) => (name === 'snponly.efi' ? { name, digest, sizeBytes: bytes.length } : undefined),
  };
  app = fastify();
  app.setErrorHandler((error: AppError, _, reply) =>
    reply.code(error.status ?? 500).send({ code: error.code, message: error.message }),
  );
  app.register(async (scope) =>
    assetRoutes({ content, loaders, clock, log, onProgress: (at) => progress.push(at), stallMs })(scope),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
}
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
  expect(opened).toBe(0);
});

describe('GET', () => {
  test('sends all of it, with its length and its tag', async () => {
    const { response, body } = await ask({ path });
    expect(response.statusCode).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(response.headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: `"${digest}"`,
      'cache-control': expect.stringContaining('immutable'),
    });
    expect(response.headers['transfer-encoding']).toBeUndefined();
    expect(response.headers['content-encoding']).toBeUndefined();
  });

  test('sends a loader with the type that UEFI wants', async () => {
    const { response } = await ask({ path: path.replace('vmlinuz', 'snponly.EFI'), method: 'HEAD' });
    expect(response.headers['content-type']).toBe('application/efi');
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=1048575-3145729', 1_048_575, 3_145_729],
    [`bytes=${bytes.length - 5}-`, bytes.length - 5, bytes.length - 1],
    ['bytes=-17', bytes.length - 17, bytes.length - 1],
  ])('sends the part %s', async (range, first, last) => {
    const { response, body } = await ask({ path, headers: { range } });
    expect(response.statusCode).toBe(206);
    expect(response.headers['content-range']).toBe(`bytes ${first}-${last}/${bytes.length}`);
    expect(body.equals(bytes.subarray(first, last + 1))).toBe(true);
  });

  test('sends the whole file for several ranges, and for a part of another version', async () => {
    const several = await ask({ path, headers: { range: 'bytes=0-1,5-6' } });
    const other = await ask({ path, headers: { range: 'bytes=0-1', 'if-range': '"old"' } });
    expect([several.response.statusCode, several.body.length]).toEqual([200, bytes.length]);
    expect([other.response.statusCode, other.body.length]).toEqual([200, bytes.length]);
  });

  test('says how long the file is when the range lies outside', async () => {
    const { response } = await ask({ path, headers: { range: `bytes=${bytes.length}-` } });
    expect([response.statusCode, response.headers['content-range']]).toEqual([416, `bytes */${bytes.length}`]);
  });

  test('sends an empty file', async () => {
    state = { kind: 'complete', sizeBytes: 0 };
    const { response, body } = await ask({ path });
    expect([response.statusCode, response.headers['content-length'], body.length]).toEqual([200, '0', 0]);
    expect(progress.at(-1)).toMatchObject({ bytesSent: 0, done: true });
  });

  test('serves many at a time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ path })));
    expect(answers.every(({ body }) => body.equals(bytes))).toBe(true);
  });
});

test('HEAD sends the same head and no body, on the connection that the GET then uses', async () => {
  const { response, body } = await ask({ path, method: 'HEAD', headers: { range: 'bytes=0-1' } });
  expect([response.statusCode, response.headers['content-length'], body.length]).toEqual([
    200,
    String(bytes.length),
    0,
  ]);
  expect(response.headers.connection).not.toBe('close');
});

describe('a loader by its name', () => {
  const url = '/boot/loader/snponly.efi';

  test('comes with all that UEFI HTTP boot looks at', async () => {
    const asked = await ask({ path: url, method: 'HEAD' });
    const { response, body } = await ask({ path: url });
    const wanted = { 'content-length': String(bytes.length), 'content-type': 'application/efi' };
    expect(asked.response.headers).toMatchObject(wanted);
    expect(response.headers).toMatchObject({ ...wanted, 'cache-control': 'no-cache', etag: `"${digest}"` });
    expect([response.statusCode, body.equals(bytes)]).toEqual([200, true]);
    await vi.waitFor(() => expect(progress.at(-1)).toMatchObject({ digest, name: 'snponly.efi', done: true }));
  });

  test('comes in parts', async () => {
    const { response, body } = await ask({ path: url, headers: { range: 'bytes=2-5' } });
    expect([response.statusCode, body.equals(bytes.subarray(2, 6))]).toEqual([206, true]);
  });

  test('is not there if no loader has that name', async () => {
    const { response, body } = await ask({ path: '/boot/loader/vmlinuz' });
    expect(response.statusCode).toBe(404);
    expect(body.toString()).toMatch(/no loader of that name/);
  });
});

describe('what is not complete', () => {
  test.each<[string, AssetState, number, RegExp]>([
    ['absent', { kind: 'absent' }, 404, /no file of that digest/],
    ['on its way', { kind: 'filling', bytesDone: 40, sizeBytes: 100 }, 503, /40 %/],
    ['on its way, of unknown size', { kind: 'filling', bytesDone: 40 }, 503, /40 bytes/],
    ['failed', { kind: 'failed', because: 'no DNS', nextTryAt: 1_700_000_009_000 }, 503, /next try in 9.0 s: no DNS/],
  ])('is %s', async (_, missing, status, message) => {
    state = missing;
    const { response, body } = await ask({ path });
    expect(response.statusCode).toBe(status);
    expect(body.toString()).toMatch(message);
  });

  test('is a path without a digest', async () => {
    expect((await ask({ path: '/assets/sha256/../vmlinuz' })).response.statusCode).toBe(404);
    expect((await ask({ path: '/assets/sha256/abc/vmlinuz' })).response.statusCode).toBe(404);
  });
});

describe('progress', () => {
  test('comes at most once a second, and at the end', async () => {
    const inner = read;
    read = (into, position) => {
      clock.advance(400);
      return inner(into, position);
    };
    await ask({ path });
    await vi.waitFor(() => expect(progress.at(-1)?.done).toBe(true));
    expect(progress.slice(0, -1).every(({ done }) => !done)).toBe(true);
    expect(progress.length).toBeLessThanOrEqual(4);
    expect(progress.at(-1)).toEqual({
      remote: '127.0.0.1',
      digest,
      name: 'vmlinuz',
      bytesSent: bytes.length,
      sizeBytes: bytes.length,
      done: true,
    });
  });

  test('of a part that is not the end of the file is not done', async () => {
    await ask({ path, headers: { range: 'bytes=10-19' } });
    await vi.waitFor(() => expect(progress).toHaveLength(1));
    expect(progress[0]).toMatchObject({ bytesSent: 20, done: false });
  });
});

describe('a broken transfer', () => {
  test('that the disk cut short never looks complete', async () => {
    read = async (into, position) => {
      if (position > 2 * MIB) throw new AppError('disk-failed', 'EIO');
      return into.length;
    };
    await expect(ask({ path })).rejects.toMatchObject({ code: 'ECONNRESET' });
    await vi.waitFor(() => expect(log.lines.map(({ level }) => level)).toEqual(['error']));
    expect(progress.at(-1)?.done).toBe(false);
  });

  test('of a file that shrank never looks complete', async () => {
    read = async () => 0;
    await expect(ask({ path })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('that the client cut releases the file', async () => {
    const answer = await head({ path });
    answer.destroy();
    await vi.waitFor(() => expect([opened, progress.at(-1)?.done]).toEqual([0, false]));
  });

  test('of a client that takes nothing ends by itself', async () => {
    await app.close();
    await start(200);
    state = { kind: 'complete', sizeBytes: 1024 * MIB };
    read = async (into) => into.length;
    const answer = await head({ path });
    answer.on('error', () => undefined);
    answer.pause();
    await vi.waitFor(() => expect(progress.at(-1)?.done).toBe(false), { timeout: 5_000 });
    expect(opened).toBe(0);
  });
});

function head(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, ...options }, resolve)
      .on('error', reject)
      .end();
  });
}

async function ask(options: RequestOptions): Promise<{ response: IncomingMessage; body: Buffer }> {
  const response = await head(options);
  return { response, body: Buffer.concat(await response.toArray()) };
}
