import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { latin1ToBytes } from '../../kernel/latin1.ts';
import type { Endpoint } from '../../kernel/udp.ts';
import { decodeTftp, encodeTftp, type TftpPacket, type TftpRequest } from './codec/packet.ts';
import type { BootFile, TransferReport } from './ports.ts';
import { createTftpServer, type TftpServer } from './server.ts';
import { createLogRecorder, ManualClock, MemoryUdp } from './testing/memory-udp.ts';

const SITE = '10.0.0.1' as Ipv4;
const client: Endpoint = { address: '10.0.0.100' as Ipv4, port: 2070 };
const stranger: Endpoint = { address: '10.0.0.66' as Ipv4, port: 2070 };
const bytes = new Uint8Array(1_300).map((_, index) => index & 255);

let udp: MemoryUdp;
let clock: ManualClock;
let log: ReturnType<typeof createLogRecorder>;
let reports: TransferReport[];
let opened: number;
let find: (name: string) => Promise<BootFile | undefined>;
let server: TftpServer;

const fileOf = (content: Uint8Array): BootFile => {
  opened++;
  return {
    sizeBytes: content.length,
    read: async (into, position) => {
      const part = content.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: async () => void opened--,
  };
};

beforeEach(async () => {
  udp = new MemoryUdp();
  clock = new ManualClock();
  log = createLogRecorder();
  reports = [];
  opened = 0;
  find = async (name) => (name === 'undionly.kpxe' ? fileOf(bytes) : undefined);
  server = createTftpServer({
    udp,
    clock,
    log,
    files: { find: (name) => find(name) },
    onTransfer: (report) => reports.push(report),
    settings: { addresses: [SITE], port: 69, maxTransfers: 2 },
  });
  await server.start();
});
afterEach(async () => {
  await server.stop();
  expect(opened).toBe(0);
  expect(udp.openPorts()).toEqual([]);
  expect(clock.pending).toBe(0);
});

const say = (packet: TftpPacket, to: number, from = client) =>
  udp.deliver(encodeTftp(packet), from, { address: SITE, port: to });
const request = (changes: Partial<TftpRequest> = {}, from = client) =>
  say({ kind: 'rrq', filename: 'undionly.kpxe', mode: 'octet', options: [], ...changes }, 69, from);
const option = (name: string, value: string) => ({ name, value });

/** The next thing that was sent, decoded, with its ports. */
async function next(): Promise<{ packet: TftpPacket; port: number; to: Endpoint }> {
  await vi.waitFor(() => expect(udp.sent.length).toBeGreaterThan(0));
  const { bytes: datagram, from, to } = udp.sent.shift() ?? { bytes: new Uint8Array(0), from: client, to: client };
  const decoded = decodeTftp(datagram);
  if (!decoded.ok) throw new Error(decoded.error);
  return { packet: decoded.value, port: from.port, to };
}

test('a plain transfer: lock-step, from a port of its own, to the end', async () => {
  request();
  const first = await next();
  expect(first).toMatchObject({ packet: { kind: 'data', block: 1 }, to: client });
  expect(first.port).not.toBe(69);
  const received: Uint8Array[] = [];
  let { packet } = first;
  for (;;) {
    if (packet.kind !== 'data') throw new Error(packet.kind);
    received.push(packet.bytes);
    say({ kind: 'ack', block: packet.block }, first.port);
    if (packet.bytes.length < 512) break;
    ({ packet } = await next());
  }
  expect(Buffer.concat(received).equals(bytes)).toBe(true);
  expect(reports).toEqual([
    {
      endpoint: client,
      name: 'undionly.kpxe',
      bytes: 1_300,
      sizeBytes: 1_300,
      outcome: 'done',
      because: 'the client has it all',
      ms: 0,
    },
  ]);
  expect(server.counters()).toMatchObject({ requests: 1, done: 1, bytesSent: 1_300, active: 0 });
});

test('UEFI asks for the size, gives up, and comes back from another port', async () => {
  request({ options: [option('tsize', '0'), option('blksize', '1468')] });
  const offer = await next();
  expect(offer.packet).toEqual({ kind: 'oack', options: [option('tsize', '1300'), option('blksize', '1468')] });
  say({ kind: 'error', code: 8, message: 'User aborted the transfer' }, offer.port);
  expect(reports).toMatchObject([{ outcome: 'probe', bytes: 0 }]);
  const again = { ...client, port: 2071 };
  request({ options: [option('blksize', '1468')] }, again);
  const second = await next();
  say({ kind: 'ack', block: 0 }, second.port, again);
  const { packet } = await next();
  expect(packet).toMatchObject({ kind: 'data', block: 1 });
  say({ kind: 'ack', block: 1 }, second.port, again);
  expect(reports[1]).toMatchObject({ outcome: 'done', bytes: 1_300 });
});

test('a window goes out at once, and silence sends it again', async () => {
  request({ options: [option('windowsize', '2')] });
  const { port } = await next();
  say({ kind: 'ack', block: 0 }, port);
  const blocks = async () =>
    [(await next()).packet, (await next()).packet].map((packet) => 'block' in packet && packet.block);
  expect(await blocks()).toEqual([1, 2]);
  clock.advance(100);
  expect(await blocks()).toEqual([1, 2]);
  say({ kind: 'ack', block: 3 }, port);
  say({ kind: 'ack', block: 2 }, port);
  expect((await next()).packet).toMatchObject({ block: 3 });
});

test.each([[[]], [[option('blksize', '1024')]]])(
  'an address that never confirms anything, asked with %j, gets the first answer five times, and nothing of it was delivered',
  async (options) => {
    let delivered = 0;
    find = async () => ({ ...fileOf(bytes), delivered: () => delivered++ });
    request({ filename: 'grub/ask/mac=52:54:00:00:00:01', options });
    await vi.waitFor(() => expect(udp.sent).not.toEqual([]));
    for (let i = 0; i < 600; i++) clock.advance(100);
    expect(udp.sent.splice(0).map(({ to }) => to)).toEqual(Array.from({ length: 5 }, () => client));
    expect([delivered, server.counters().active]).toEqual([0, 0]);
  },
);

test('who takes long to answer is waited for longer, until it is quick again', async () => {
  request();
  const { port } = await next();
  clock.advance(60);
  say({ kind: 'ack', block: 1 }, port);
  expect((await next()).packet).toMatchObject({ block: 2 });
  clock.advance(200);
  expect(udp.sent).toEqual([]);
  clock.advance(20);
  expect((await next()).packet).toMatchObject({ block: 2 });
  say({ kind: 'ack', block: 2 }, port);
  expect((await next()).packet).toMatchObject({ block: 3 });
  clock.advance(100);
  expect((await next()).packet).toMatchObject({ block: 3 });
});

test('after a time without a turn, what the client said meanwhile is read before anything is repeated', async () => {
  request({ options: [option('blksize', '1024')] });
  const { port } = await next();
  clock.advance(900);
  expect(udp.sent).toEqual([]);
  say({ kind: 'ack', block: 0 }, port);
  expect((await next()).packet).toMatchObject({ block: 1 });
  clock.advance(1);
  expect(udp.sent).toEqual([]);
  clock.advance(4_000);
  clock.advance(1);
  expect((await next()).packet).toMatchObject({ block: 1 });
});

test.each(['/undionly.kpxe', 'UNDIONLY.KPXE', '\\undionly.kpxe', 'undionly.kpxe\xff'])('finds %j', async (filename) => {
  request({ filename });
  expect((await next()).packet).toMatchObject({ kind: 'data', block: 1 });
});

test('a file that is not here is told, and reported without the tricks of its name', async () => {
  request({ filename: '../etc/\x1b[2Jpasswd' });
  expect(await next()).toMatchObject({ packet: { kind: 'error', code: 1 }, port: 69, to: client });
  expect(server.counters()).toMatchObject({ notFound: 1, active: 0 });
  expect(reports).toMatchObject([{ outcome: 'error', because: 'there is no such file' }]);
  expect(reports[0]?.name).toContain('\\x1b[2jpasswd');
});

describe('a repeated request', () => {
  test('starts nothing while the first answer is unconfirmed', async () => {
    request();
    request();
    await next();
    request();
    await Promise.resolve();
    expect([udp.sent.length, server.counters().active]).toEqual([0, 1]);
  });

  test('starts anew when the client had begun, or asks for something else', async () => {
    request();
    const first = await next();
    request({ options: [option('tsize', '0')] });
    const second = await next();
    expect(second.packet.kind).toBe('oack');
    say({ kind: 'ack', block: 0 }, second.port);
    await next();
    say({ kind: 'ack', block: 1 }, second.port);
    await next();
    request({ options: [option('tsize', '0')] });
    const third = await next();
    expect(third.packet.kind).toBe('oack');
    expect(new Set([first.port, second.port, third.port]).size).toBe(3);
    expect(reports.map(({ because }) => because)).toEqual(['the client began anew', 'the client began anew']);
  });
});

test('a stranger is told so, and the transfer goes on', async () => {
  request();
  const { port } = await next();
  say({ kind: 'ack', block: 1 }, port, stranger);
  expect(await next()).toMatchObject({ packet: { kind: 'error', code: 5 }, to: stranger });
  say({ kind: 'error', code: 0, message: 'die' }, port, stranger);
  say({ kind: 'ack', block: 1 }, port);
  expect((await next()).packet).toMatchObject({ kind: 'data', block: 2 });
  expect(udp.sent).toEqual([]);
});

test('junk changes nothing', async () => {
  for (const text of ['', '\0', '\0\x01', '\0\x01x', '\0\x09', '\0\x04\0\x01'])
    udp.deliver(latin1ToBytes(text) ?? bytes, client, { address: SITE, port: 69 });
  request();
  const { port } = await next();
  for (const text of ['', '\0', '\0\x04', '\0\x01x\0octet\0', '\0\x03\0\x01abc', '\0\x06'])
    udp.deliver(latin1ToBytes(text) ?? bytes, client, { address: SITE, port });
  say({ kind: 'ack', block: 1 }, port);
  expect((await next()).packet).toMatchObject({ block: 2 });
  expect(server.counters()).toMatchObject({ malformed: 6 });
});

test.each<[string, TftpPacket, number]>([
  ['a mode without an end', { kind: 'rrq', filename: 'x', mode: 'o'.repeat(500), options: [] }, 4],
  ['a write', { kind: 'wrq', filename: 'x', mode: 'octet', options: [] }, 2],
  ['mail', { kind: 'rrq', filename: 'x', mode: 'mail', options: [] }, 4],
])('%s is refused', async (_, packet, code) => {
  say(packet, 69);
  expect((await next()).packet).toMatchObject({ kind: 'error', code });
  expect(server.counters().refused).toBe(1);
});

test('more transfers than there is room for are dropped without a word, and served later', async () => {
  for (const port of [1, 2, 3]) request({}, { ...client, port });
  for (const { port, to } of [await next(), await next()]) {
    say({ kind: 'ack', block: 1 }, port, to);
    expect((await next()).packet).toMatchObject({ block: 2 });
  }
  request({}, { ...client, port: 4 });
  expect(server.counters()).toMatchObject({ active: 2, dropped: 2 });
  expect(udp.sent).toEqual([]);
  for (let seconds = 0; seconds < 40; seconds += 0.1) clock.advance(100);
  expect(reports.map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout']);
  await vi.waitFor(() => expect(server.counters().active).toBe(0));
});

test('of a full house the oldest transfer that nobody confirmed in time gives way', async () => {
  const at = (port: number) => ({ ...stranger, port });
  request({ options: [option('tsize', '0')] });
  const { port } = await next();
  say({ kind: 'ack', block: 0 }, port);
  expect((await next()).packet).toMatchObject({ block: 1 });
  request({}, at(1));
  await next();
  // Its ACK may be on its way: who comes now is to ask again.
  request({}, at(2));
  expect(server.counters()).toMatchObject({ active: 2, dropped: 1 });
  clock.advance(99);
  say({ kind: 'ack', block: 1 }, port);
  clock.advance(401);
  udp.sent.length = 0;
  request({}, at(2));
  await vi.waitFor(() => expect(udp.sent.map(({ to }) => to)).toContainEqual(at(2)));
  expect(reports).toMatchObject([{ endpoint: at(1), outcome: 'error', bytes: 0 }]);
  expect(server.counters()).toMatchObject({ active: 2, dropped: 1 });
});

test('one address that asks from ever new ports leaves room for the others', async () => {
  await server.stop();
  server = createTftpServer({
    ...{ udp, clock, log, files: { find }, onTransfer: () => undefined },
    settings: { addresses: [SITE], port: 69, maxTransfers: 9, maxPerClient: 2 },
  });
  await server.start();
  for (const port of [1, 2, 3, 4]) request({}, { ...stranger, port });
  request();
  await vi.waitFor(() => expect(udp.sent).toHaveLength(3));
  expect(server.counters()).toMatchObject({ active: 3, dropped: 2 });
  expect(udp.sent.map(({ to }) => to.address).sort()).toEqual(
    [client.address, stranger.address, stranger.address].sort(),
  );
});

test('a flood of nonsense is counted in full, and logged as far as a person reads', () => {
  for (let i = 0; i < 1_000; i++) udp.deliver(Uint8Array.of(0, 9), stranger, { address: SITE, port: 69 });
  expect(server.counters().malformed).toBe(1_000);
  expect(log.lines).toHaveLength(600);
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { because: 'opcode 9 is none of TFTP' } });
  clock.advance(60_000);
  udp.deliver(Uint8Array.of(0, 9), stranger, { address: SITE, port: 69 });
  expect(log.lines.at(-1)?.fields).toMatchObject({ leftOutBefore: 400 });
});

test('a disk that takes its time delays a block, and does not double it', async () => {
  let finish: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  find = async () => {
    const file = fileOf(bytes);
    return { ...file, read: (into, position) => slow.then(() => file.read(into, position)) };
  };
  request();
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  clock.advance(100);
  clock.advance(200);
  expect(udp.sent).toEqual([]);
  finish();
  expect((await next()).packet).toMatchObject({ kind: 'data', block: 1 });
  expect(udp.sent).toEqual([]);
});

describe('a fault of ours', () => {
  test('of the table is told and logged', async () => {
    find = () => Promise.reject(new AppError('disk-failed', 'EIO'));
    request();
    expect((await next()).packet).toMatchObject({ kind: 'error', code: 0 });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(server.counters().active).toBe(0);
  });

  test('of the disk ends the transfer with an error', async () => {
    find = async () => ({ ...fileOf(bytes), read: () => Promise.reject(new AppError('disk-failed', 'EIO')) });
    request();
    expect((await next()).packet).toMatchObject({ kind: 'error', code: 0 });
    expect(reports).toMatchObject([{ outcome: 'error', because: 'the file could not be read' }]);
  });

  test('of who hears that a file arrived ends the transfer all the same', async () => {
    const deaf = () => {
      throw new Error('deaf');
    };
    find = async () => ({ ...fileOf(bytes.subarray(0, 10)), delivered: deaf });
    request();
    const { port } = await next();
    say({ kind: 'ack', block: 1 }, port);
    await vi.waitFor(() => expect(opened).toBe(0));
    expect(reports).toMatchObject([{ outcome: 'done' }]);
    expect(log.lines.map(({ message }) => message)).toContain('something of a TFTP transfer failed in the background');
  });

  test('of a socket gives the file back', async () => {
    udp.failNext = new AppError('socket-failed', 'EMFILE');
    request();
    expect((await next()).packet).toMatchObject({ kind: 'error', code: 0 });
    await vi.waitFor(() => expect(opened).toBe(0));
  });
});

test('a start on an address that is not there leaves nothing open', async () => {
  udp.failNext = new AppError('address-unavailable', '10.0.0.2');
  const other = createTftpServer({
    udp,
    clock,
    log,
    files: { find },
    onTransfer: () => undefined,
    settings: { addresses: ['10.0.0.2' as Ipv4], port: 69 },
  });
  await expect(other.start()).rejects.toMatchObject({ code: 'address-unavailable' });
  expect(udp.openPorts()).toEqual([69]);
});
