import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { Log } from '../../src/kernel/ports.ts';
import type { OpenAsset, WantedBlob } from '../../src/model/content.ts';
import { governed } from '../../src/model/governed.ts';
import { urlSource } from '../../src/site/content/sources/url.ts';
import { type ContentSettings, createContentStore, type RunningContentStore } from '../../src/site/content/store.ts';
import { fillDisk, mountTmpfs } from './support/small-disk.ts';

const MIB = 1024 * 1024;
const SIZE = 12 * MIB + 345;
const bytes = Buffer.alloc(SIZE, randomBytes(1_048_573));
const digest = createHash('sha256').update(bytes).digest('hex') as Digest;
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

type Answer = (request: IncomingMessage, response: ServerResponse, from: number) => void;

/** What the server does with each request; the last one stays. */
let answers: Answer[];
/** What was asked, and how much was sent in answer. */
let asked: { readonly range: string | undefined; readonly sentBytes: () => number }[];
let folder: string;
let store: RunningContentStore;
const opened: RunningContentStore[] = [];

const server = createServer((request, response) => {
  const answer = answers[Math.min(asked.length, answers.length - 1)] ?? whole;
  const before = request.socket.bytesWritten;
  asked.push({ range: request.headers.range, sentBytes: () => request.socket.bytesWritten - before });
  answer(request, response, Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0));
});
const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/layer`;

function head(response: ServerResponse, from: number, sizeBytes = SIZE): ServerResponse {
  const range = from > 0 ? { 'content-range': `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` } : {};
  return response.writeHead(from > 0 ? 206 : 200, { 'content-length': sizeBytes - from, ...range });
}
const whole: Answer = (_, response, from) => void head(response, from).end(bytes.subarray(from));
/** Sends up to a byte of the file, and then nothing more. */
const until =
  (end: number): Answer =>
  (_, response, from) =>
    void head(response, from).write(bytes.subarray(from, end));
const cutAt =
  (end: number): Answer =>
  (_, response, from) =>
    void head(response, from).write(bytes.subarray(from, end), () => response.destroy());
/** As a line of about 24 MB/s does. */
const slowly: Answer = async (_, response, from) => {
  head(response, from);
  for (let at = from; at < SIZE; at += MIB / 4) {
    response.write(bytes.subarray(at, at + MIB / 4));
    await sleep(10);
  }
  response.end();
};

async function openStore(settings: Partial<ContentSettings> = {}): Promise<RunningContentStore> {
  const all = { dataDir: folder, reserveBytes: 0, stallMs: 10_000, ...settings };
  const made = await createContentStore({ settings: all, clock: systemClock, random: systemRandom, log });
  opened.push(made);
  return made;
}
const wanted = (change: Partial<WantedBlob> = {}): WantedBlob => ({
  ...{ digest, name: 'layer', sources: [urlSource(url())], priority: 'client' },
  ...change,
});

async function digestOfAll(asset: OpenAsset, pauseMs = 0): Promise<string> {
  const hash = createHash('sha256');
  const into = new Uint8Array(MIB);
  for (let position = 0; position < asset.sizeBytes; ) {
    const bytesRead = await asset.read(into, position).catch(async (cause: unknown) => {
      await asset.close();
      throw cause;
    });
    hash.update(into.subarray(0, bytesRead));
    position += bytesRead;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  await asset.close();
  return hash.digest('hex');
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-fills-'));
  answers = [whole];
  asked = [];
  store = await openStore();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
  await rm(folder, { recursive: true });
});

test('a process that is killed at 70 % is gone on with by the next one', async () => {
  const seventy = Math.floor(SIZE * 0.7);
  answers = [until(seventy), whole];
  const script = join(import.meta.dirname, 'support', 'fill-process.ts');
  const child: ChildProcess = spawn(process.execPath, [script, folder, digest, url()], { stdio: 'inherit' });
  const exited = once(child, 'exit');
  const here = async () => (await stat(join(folder, 'partial', digest)).catch(() => ({ size: 0 }))).size;
  await vi.waitFor(async () => expect(await here()).toBe(seventy), { timeout: 20_000, interval: 20 });
  child.kill('SIGKILL');
  await exited;

  expect(await digestOfAll(await store.follow(wanted()))).toBe(digest);
  expect(asked.map(({ range }) => range)).toEqual([undefined, `bytes=${seventy}-`]);
  expect(asked[1]?.sentBytes()).toBeLessThanOrEqual(SIZE - seventy + MIB);
});

test('64 clients that come one after the other are one GET, and one that reads nothing slows nobody', async () => {
  answers = [slowly];
  const idle = await store.follow(wanted());
  const clients = Array.from({ length: 64 }, async (_, index) => {
    await sleep(index * 10);
    return digestOfAll(await store.follow(wanted()), index % 8);
  });
  expect(new Set(await Promise.all(clients))).toEqual(new Set([digest]));
  expect(asked).toHaveLength(1);
  expect(await digestOfAll(idle)).toBe(digest);
});

describe('a server', () => {
  test('that falls silent is asked for the rest', async () => {
    const impatient = await openStore({ stallMs: 300 });
    answers = [until(5 * MIB), whole];
    expect(await digestOfAll(await impatient.follow(wanted()))).toBe(digest);
    expect(asked[1]?.range).toBe(`bytes=${5 * MIB}-`);
  });

  test('is not called silent while it is us who wait for our turn on the line', async () => {
    const impatient = await openStore({ stallMs: 500 });
    let pauses = 1;
    const take = () => (pauses-- > 0 ? sleep(900) : Promise.resolve());
    expect(await digestOfAll(await impatient.follow(wanted({ sources: [governed(urlSource(url()), { take })] })))).toBe(
      digest,
    );
    expect(asked).toHaveLength(1);
  });

  test('that cuts the connection is asked for no more than was in the air', async () => {
    answers = [cutAt(3 * MIB), cutAt(7 * MIB), whole];
    expect(await digestOfAll(await store.follow(wanted()))).toBe(digest);
    const sent = asked.reduce((sum, { sentBytes }) => sum + sentBytes(), 0);
    expect(asked).toHaveLength(3);
    expect(sent).toBeLessThanOrEqual(SIZE + 2 * MIB);
  });

  test('that ignores Range, and one that does not say its size, is right all the same', async () => {
    answers = [cutAt(5 * MIB), (_, response) => void head(response, 0).end(bytes)];
    expect(await digestOfAll(await store.follow(wanted()))).toBe(digest);

    const text = Buffer.from('of unknown size');
    const other = createHash('sha256').update(text).digest('hex') as Digest;
    answers = [(_, response) => void response.writeHead(200).end(text)];
    const chunked: Answer = (_, response) => {
      response.writeHead(200).write(text);
      response.end();
    };
    answers = [chunked];
    expect(await digestOfAll(await store.follow(wanted({ digest: other })))).toBe(other);
  });

  test.each<[string, Answer, RegExp]>([
    [
      'says another size',
      (_, response) => void head(response, 0, SIZE + 1).end(),
      /has 12583258 bytes, expected 12583257/,
    ],
    [
      'sends another part',
      (_, response) => void response.writeHead(206, { 'content-range': `bytes 9-${SIZE - 1}/${SIZE}` }).end(),
      /sends from byte 9, asked from 0/,
    ],
    ['sends a part without saying which', (_, response) => void response.writeHead(206).end(), /the server says 206/],
    ['has nothing', (_, response) => void response.writeHead(404).end(), /the server says 404 Not Found/],
  ])('that %s is not used', async (_, answer, because) => {
    answers = [answer];
    await expect(store.follow(wanted({ sizeBytes: SIZE }))).rejects.toMatchObject({
      code: 'asset-unavailable',
      message: expect.stringMatching(because),
    });
    expect(asked).toHaveLength(1);
  });

  test('that flips a byte in the last block cuts who read of it, and the next one is right', async () => {
    const wrong = Buffer.from(bytes);
    wrong[SIZE - 2] = (wrong[SIZE - 2] ?? 0) ^ 1;
    answers = [(_, response) => void head(response, 0).end(wrong), whole];
    const sources = [urlSource(url()), urlSource(`${url()}/mirror`)];
    await expect(store.follow(wanted({ sources })).then(digestOfAll)).rejects.toThrow('wrong bytes');
    expect(await digestOfAll(await store.follow(wanted({ sources })))).toBe(digest);
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined]);
  });
});

describe('a disk that is full', () => {
  let disk: string;
  let unmount: () => Promise<unknown>;
  beforeEach(async () => {
    disk = join(folder, 'disk');
    await mkdir(disk);
    unmount = await mountTmpfs(disk, '16m');
  });
  afterEach(() => unmount());

  test('in the middle costs a client nothing: what it lacks comes by memory, and the disk has its bytes back', async () => {
    const small = await openStore({ dataDir: disk });
    answers = [slowly];
    const asset = await small.follow(wanted());
    const reading = digestOfAll(asset);
    await vi.waitFor(() => expect(small.stateOf(digest)).toMatchObject({ kind: 'filling' }));
    fillDisk(disk);
    expect(await reading).toBe(digest);
    await vi.waitFor(async () => expect(await readdir(join(disk, 'partial'))).toEqual([]));
    expect([asked.length, small.stateOf(digest)]).toMatchObject([1, { kind: 'failed' }]);
    // With room again the next one is kept.
    await rm(join(disk, 'filler'));
    expect(await digestOfAll(await small.follow(wanted()))).toBe(digest);
    await vi.waitFor(() => expect(small.stateOf(digest).kind).toBe('complete'));
    await small.stop();
  });

  test('takes nothing that nobody waits for, and nothing whose end nobody knows', async () => {
    const small = await openStore({ dataDir: disk });
    fillDisk(disk);
    answers = [(_, response) => void response.writeHead(200).end(bytes)];
    await expect(small.follow(wanted())).rejects.toMatchObject({ code: 'disk-full' });
    answers = [whole];
    await expect(small.follow(wanted({ priority: 'prefetch' })).then(digestOfAll)).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(await readdir(join(disk, 'partial'))).toEqual([]);
    await small.stop();
  });
});
