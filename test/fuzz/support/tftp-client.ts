import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { ATTACKERS, type createDice, HONEST, SITE_ADDRESS } from './besieged-site.ts';

/** A read request; options are written as they are given, right or wrong. */
export function rrq(name: string | Uint8Array, ...more: readonly string[]): Buffer {
  const words = ['octet', ...more].map((word) => Buffer.from(`${word}\0`, 'latin1'));
  return Buffer.concat([Buffer.from([0, 1]), Buffer.from(name), Buffer.from([0]), ...words]);
}

/** Fetches a file in plain blocks of 512 bytes, asking again every 300 ms until the first one comes. */
export function fetchByTftp(name: string, withinMs: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  const blocks: Buffer[] = [];
  const ask = () => socket.send(rrq(name), 69, SITE_ADDRESS);
  let repeat: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  return new Promise<Buffer>((resolve, reject) => {
    late = setTimeout(() => reject(new Error('TFTP: no file in time')), withinMs);
    repeat = setInterval(() => blocks.length === 0 && ask(), 300);
    socket.on('message', (bytes, from) => {
      if (bytes.readUInt16BE(0) === 5) return;
      const number = bytes.readUInt16BE(2);
      if (number === blocks.length + 1) blocks.push(bytes.subarray(4));
      socket.send(Buffer.from([0, 4, number >> 8, number & 255]), from.port, from.address);
      if (bytes.length === 516) return;
      resolve(Buffer.concat(blocks));
    });
    socket.bind(0, HONEST, ask);
  }).finally(() => {
    clearTimeout(late);
    clearInterval(repeat);
    socket.close();
  });
}

const BLOCK_BYTES = 1_024;
const FETCH_MS = 100;
/** A request may be lost among floods: then nothing comes. */
const ANSWER_MS = 2_000;

/**
 * Fetches a file as a client that confirms what it did not get, and gives up a tenth of a second after the first answer.
 * @returns how many blocks came, and which of them were not those of the file
 */
export async function confirmAtRandom(
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  dice: ReturnType<typeof createDice>,
): Promise<{ readonly came: number; readonly wrong: readonly number[] }> {
  // Not the address of the floods, which has all the transfers that one may have.
  const socket = createSocket('udp4').bind(0, ATTACKERS[1]);
  await once(socket, 'listening');
  const wrong: number[] = [];
  let came = 0;
  const window = 1 + dice.number(64);
  let peer: RemoteInfo | undefined;
  const say = (opcode: number, value: number): void => {
    if (peer) socket.send(Buffer.from([0, opcode, (value >> 8) & 255, value & 255]), peer.port, peer.address);
  };
  socket.on('message', (packet, from) => {
    peer = from;
    const block = packet.readUInt16BE(0) === 3 ? packet.readUInt16BE(2) : 0;
    const at = (block - 1) * BLOCK_BYTES;
    if (block > 0) came += 1;
    if (block > 0 && Buffer.compare(packet.subarray(4), bytes.subarray(at, at + BLOCK_BYTES)) !== 0) wrong.push(block);
    if (block === 0) say(4, 0);
    else if (dice.number(window) < 2) say(4, block + dice.number(2 * window) - window / 2);
  });
  socket.send(rrq(path.slice(1), 'blksize', String(BLOCK_BYTES), 'windowsize', String(window)), 69, SITE_ADDRESS);
  await Promise.race([once(socket, 'message'), pause(ANSWER_MS)]);
  await pause(FETCH_MS);
  say(5, 0);
  socket.close();
  return { came, wrong };
}
