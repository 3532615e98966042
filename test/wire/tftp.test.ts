import { type ExecFileOptions, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { createUdpPort } from '../../src/adapters/node/udp.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { Clock, Log } from '../../src/kernel/ports.ts';
import { toolEnvironment } from '../../src/lab/command.ts';
import { isInsideNamespace } from '../../src/lab/namespace.ts';
import type { TransferReport } from '../../src/site/tftp/ports.ts';
import { createTftpServer, type TftpServer } from '../../src/site/tftp/server.ts';
import { WITHIN } from './support/patience.ts';

const HOST = '127.0.0.1' as Ipv4;
const MIB = 1024 * 1024;
/** A few blocks more than 65536 of 512 bytes. */
const ROLLOVER_BYTES = 65_536 * 512 + 5_000;
const sizes = { empty: 0, one: 1, short: 511, full: 512, long: 513, loader: MIB, rollover: ROLLOVER_BYTES } as const;
type FileName = keyof typeof sizes;
const allBut = (...without: FileName[]) => (Object.keys(sizes) as FileName[]).filter((name) => !without.includes(name));

const files = new Map<string, Uint8Array>();
const failures: unknown[] = [];
const reports: TransferReport[] = [];
const quiet = () => undefined;
const log: Log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (fields, message) => failures.push([message, fields]),
};

let folder: string;
let server: TftpServer;
let port: number;

beforeAll(async () => {
  for (const [name, size] of Object.entries(sizes)) files.set(name, patternOf(size));
  server = createTftpServer({
    udp: createUdpPort(log),
    clock: systemClock,
    log,
    files: { find: async (name) => openFile(files.get(name)) },
    onTransfer: (report) => reports.push(report),
    settings: { addresses: [HOST], port: 0 },
  });
  await server.start();
  port = server.endpoints()[0]?.port ?? 0;
});
afterAll(() => server.stop());
beforeEach(async () => {
  reports.length = 0;
  failures.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'slipway-tftp-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  expect(failures).toEqual([]);
});

describe('atftp', () => {
  test.each(allBut('rollover'))('gets the file %s without options', async (name) => {
    await expectSame(name, await atftp(name));
  });

  test.each([
    ['1456', '1'],
    ['1456', '16'],
    ['1468', '64'],
    ['8192', '4'],
    ['8', '1'],
  ])('gets files with blksize %s and windowsize %s', async (blksize, windowsize) => {
    for (const name of allBut('rollover', ...(blksize === '8' ? (['loader'] as const) : [])))
      await expectSame(name, await atftp(name, { blksize, windowsize, tsize: '0' }));
  });

  test('gets a file of more than 65535 blocks', async () => {
    await expectSame('rollover', await atftp('rollover', { blksize: '512', windowsize: '16' }));
  });

  test('is told that a file is not here, and that it may not write', async () => {
    await expect(atftp('missing')).rejects.toThrow(/there is no such file/);
    const local = join(import.meta.dirname, 'tftp.test.ts');
    await expect(run('atftp', ['--put', '-l', local, '-r', 'x', HOST, String(port)])).rejects.toThrow(/read-only/);
  });

  test('of thirty machines at once get their loader', async () => {
    const options = { blksize: '1456', windowsize: '8' };
    const local = await Promise.all(
      Array.from({ length: 30 }, (_, index) => atftp('loader', options, `loader-${index}`)),
    );
    for (const path of local) await expectSame('loader', path);
    expect(reports.filter(({ outcome }) => outcome === 'done')).toHaveLength(30);
  });
});

test.each(allBut('rollover'))('tftp-hpa gets the file %s', async (name) => {
  const local = join(folder, 'got');
  await run('tftp', ['-m', 'binary', HOST, String(port), '-c', 'get', name, local]);
  await expectSame(name, local);
});

test.each(allBut('empty', 'rollover'))('curl gets the file %s', async (name) => {
  await expectSame(name, await curl(name));
  await expectSame(name, await curl(name, '--tftp-blksize', '1468'));
  await expectSame(name, await curl(name, '--tftp-no-options'));
});

test.each([
  { blockSize: 512, windowSize: 1 },
  { blockSize: 1468, windowSize: 8 },
  { blockSize: 65_464, windowSize: 64 },
])('the npm package tftp gets files with %o', async (options) => {
  for (const name of allBut('empty', 'rollover')) {
    const local = join(folder, name);
    const client = npmTftp.createClient({ host: HOST, port, ...options });
    await new Promise<void>((resolve, reject) =>
      client.get(name, local, (error) => (error ? reject(error) : resolve())),
    );
    await expectSame(name, local);
  }
});

describe('on a line that loses', () => {
  let rule: string[] = [];
  const loseOneIn = async (count: number) => {
    // Outside of a namespace of its own this would disturb the machine of whoever runs it.
    expect(isInsideNamespace()).toBe(true);
    const nth = ['-m', 'statistic', '--mode', 'nth', '--every', String(count), '--packet', '4'];
    rule = ['INPUT', '-p', 'udp', '-i', 'lo', ...nth, '-j', 'DROP'];
    await run('iptables', ['-A', ...rule]);
  };
  afterEach(() => run('iptables', ['-D', ...rule]));

  test.each(['4', '16', '64'])(
    'one datagram in fifteen, atftp gets a loader with windows of %s',
    async (windowsize) => {
      await loseOneIn(15);
      await expectSame('loader', await atftp('loader', { blksize: '1456', windowsize }));
    },
  );

  test('one datagram in fifty, curl gets a loader block by block', async () => {
    await loseOneIn(50);
    await expectSame('loader', await curl('loader', '--tftp-blksize', '1468'));
  });
});

test('datagrams that make no sense, from the client and from strangers, disturb nobody', async () => {
  const junk = [
    '',
    '\0',
    '\0\x01',
    '\0\x01x',
    '\0\x03',
    '\0\x04',
    '\0\x09\xff\xff',
    '\0\x05',
    '\0\x06\0\0\0',
    'x'.repeat(1_400),
  ];
  const socket = createSocket('udp4');
  const transferPorts = new Set<number>();
  socket.on('message', (_, from) => transferPorts.add(from.port));
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  for (const text of junk) socket.send(Buffer.from(text, 'latin1'), port, HOST);
  socket.send(Buffer.from('\0\x01loader\0octet\0', 'latin1'), port, HOST);
  await vi.waitFor(() => expect(transferPorts.size).toBe(1), WITHIN);
  const stranger = createSocket('udp4');
  for (const sender of [socket, stranger])
    for (const text of junk) for (const to of transferPorts) sender.send(Buffer.from(text, 'latin1'), to, HOST);
  await expectSame('loader', await atftp('loader', { blksize: '1456', windowsize: '4' }));
  for (const to of transferPorts) socket.send(Buffer.from('\0\x05\0\0bye\0', 'latin1'), to, HOST);
  const mine = () => reports.filter(({ endpoint }) => endpoint.port === socket.address().port);
  await vi.waitFor(
    () => expect(mine()).toMatchObject([{ outcome: 'error', because: expect.stringContaining('bye') }]),
    WITHIN,
  );
  socket.close();
  stranger.close();
});

describe('a client that never acknowledges', () => {
  // Its waits are twelve seconds in all; here they pass faster.
  const hasty: Clock = {
    ...systemClock,
    monotonic: () => systemClock.monotonic() * 20,
    after: (delayMs, run) => systemClock.after(delayMs / 20, run),
  };
  let hurried: TftpServer;

  beforeAll(async () => {
    hurried = createTftpServer({
      ...{ udp: createUdpPort(log), clock: hasty, log },
      files: { find: async (name) => openFile(files.get(name)) },
      onTransfer: (report) => reports.push(report),
      settings: { addresses: [HOST], port: 0 },
    });
    await hurried.start();
  });
  afterAll(() => hurried.stop());

  test.each([
    ['a file', 'loader\0octet\0'],
    ['a file of one block', 'one\0octet\0'],
    ['a file with options', 'loader\0octet\0blksize\x008192\0windowsize\x0064\0tsize\x000\0'],
  ])('is sent five datagrams for %s, none of them large, and no more', async (_, request) => {
    const socket = createSocket('udp4');
    const sizes: number[] = [];
    socket.on('message', (bytes) => sizes.push(bytes.length));
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    socket.send(Buffer.from(`\0\x01${request}`, 'latin1'), hurried.endpoints()[0]?.port ?? 0, HOST);
    const mine = () => reports.filter(({ endpoint }) => endpoint.port === socket.address().port);
    await vi.waitFor(() => expect(mine()).toMatchObject([{ outcome: 'timeout' }]), 10_000);
    expect(sizes).toHaveLength(5);
    // Nobody is sent larger blocks, or many at once, before an ACK of the options.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(516);
    socket.close();
  });
});

type NpmClient = { get(remote: string, local: string, done: (error?: Error) => void): void };
const npmTftp = createRequire(import.meta.url)('tftp') as {
  createClient(options: Readonly<Record<string, string | number>>): NpmClient;
};

function patternOf(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).map((_, index) => (index * 131 + (index >> 9) * 17) & 255);
}

function openFile(bytes: Uint8Array | undefined) {
  if (!bytes) return undefined;
  return {
    sizeBytes: bytes.length,
    read: async (into: Uint8Array, position: number) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: async () => undefined,
  };
}

const execute = promisify(execFile);

/** Runs a client; what it wrote is in the message of its failure. */
async function run(program: string, args: readonly string[], options: ExecFileOptions = {}): Promise<void> {
  await execute(program, args, { env: toolEnvironment(), timeout: 50_000, ...options }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}${error.stderr}`, { cause: error });
  });
}

async function atftp(name: string, options: Readonly<Record<string, string>> = {}, as = 'got'): Promise<string> {
  const local = join(folder, as);
  const flags = Object.entries(options).flatMap(([option, value]) => ['--option', `${option} ${value}`]);
  await run('atftp', [...flags, '--get', '-r', name, '-l', local, HOST, String(port)]);
  return local;
}

async function curl(name: string, ...flags: string[]): Promise<string> {
  const local = join(folder, 'got');
  await run('curl', ['--silent', '--show-error', ...flags, '-o', local, `tftp://${HOST}:${port}/${name}`]);
  return local;
}

/** Digests, because a failure that prints two megabytes helps nobody. */
async function expectSame(name: string, path: string): Promise<void> {
  const [got, sent] = [await readFile(path), files.get(name) ?? new Uint8Array(0)];
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect([got.length, digest(got)]).toEqual([sent.length, digest(sent)]);
}
