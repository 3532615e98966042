import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket as TcpSocket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ATTACKERS, SITE_ADDRESS } from './besieged-site.ts';

export type Flood = {
  readonly port: number;
  readonly count: number;
  readonly make: (index: number) => Uint8Array;
  readonly from?: string;
  /** From so many ports. */
  readonly sockets?: number;
};

/** Sends datagrams as fast as the kernel takes them without losing most, and hears no answer. */
export async function flood({ port, count, make, from = ATTACKERS[0], sockets = 1 }: Flood): Promise<void> {
  const open = await Promise.all(Array.from({ length: sockets }, () => openSocket(from)));
  for (let i = 0; i < count; i++) {
    // A datagram that is larger than UDP allows is refused here, not there.
    open[i % sockets]?.send(make(i), port, SITE_ADDRESS, () => undefined);
    if (i % 100 === 99) await pause(2);
  }
  await untilHeard(port);
  for (const socket of open) socket.close();
}

/** How long a site may take for a flood that has ended. */
const HEARD_WITHIN_MS = 20_000;

/** Resolves when the site has taken all that waits at its port: what it is asked next is not behind thousands of others. */
async function untilHeard(port: number): Promise<void> {
  const until = performance.now() + HEARD_WITHIN_MS;
  while (bytesWaiting(port) > 0) {
    if (performance.now() > until) throw new Error(`port ${port} still has datagrams after ${HEARD_WITHIN_MS} ms`);
    await pause(10);
  }
}

/** What the kernel holds for the sockets of a UDP port: the second half of the fifth column of /proc/net/udp. */
function bytesWaiting(port: number): number {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/udp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(ending));
  return rows.reduce((sum, [, , , , queues]) => sum + Number.parseInt(queues?.split(':')[1] ?? '0', 16), 0);
}

async function openSocket(from: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.bind(0, from);
  await once(socket, 'listening');
  return socket;
}

/** Connections that say `text` and then take nothing more. */
export function openConnections(count: number, text = '', from: string = ATTACKERS[0]): Promise<readonly TcpSocket[]> {
  const open = (): Promise<TcpSocket> =>
    new Promise((resolve) => {
      const socket = connect({ host: SITE_ADDRESS, port: 80, localAddress: from }, () => {
        socket.write(text);
        socket.pause();
        resolve(socket);
      });
      socket.on('error', () => resolve(socket));
    });
  return Promise.all(Array.from({ length: count }, open));
}

/** Writes bytes to the HTTP port, and gives what comes back until it is closed or two seconds are over. */
export async function say(text: string | Uint8Array): Promise<string> {
  const socket = connect({ host: SITE_ADDRESS, port: 80, localAddress: ATTACKERS[0] });
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  socket.end(text);
  await Promise.race([new Promise((resolve) => socket.on('close', resolve)), pause(2_000)]);
  socket.destroy();
  return answer;
}
