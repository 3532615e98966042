import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** A server without a voice. `close` lets everybody go who still waits. */
export type MuteServer = { readonly port: number; close(): Promise<void> };

/** Accepts connections, reads what is sent, and says nothing: a registry behind a firewall that has lost its mind. */
export async function openSilentServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.resume().on('error', () => undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** A thread that listens and then never looks at what comes. */
const LISTENER = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** More than fit into the queue of who does not accept. */
const FILLERS = 4;

/**
 * Never accepts: its queue is full, so the kernel drops every SYN that comes, as a WAN that swallows packets does.
 * Whoever connects hears neither yes nor no.
 */
export async function openDeafServer(): Promise<MuteServer> {
  const worker = new Worker(LISTENER, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  // The thread must be asleep before the queue is filled, or it would accept the first of them.
  await sleep(50);
  const fillers = Array.from({ length: FILLERS }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await sleep(50);
  const close = async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  };
  return { port, close };
}
