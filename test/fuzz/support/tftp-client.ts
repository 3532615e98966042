import { createSocket } from 'node:dgram';
import { HONEST, SITE_ADDRESS } from './besieged-site.ts';

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
