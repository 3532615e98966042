import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OpenAsset } from '../../model/content.ts';
import { type SendOutcome, sendAsset } from './send-asset.ts';
import { createSharedPages } from './shared-pages.ts';

const SIZE = 100_000;
const bytes = Buffer.alloc(SIZE, 'growing');

/** A file of which the second half comes when `grow` is called. */
let grow: () => void;
let isClosed: boolean;
let outcome: Promise<SendOutcome>;
/** Resolves when the connection has been idle for longer than a client may stall. */
let idle: Promise<unknown>;
let server: Server;

beforeEach(async () => {
  const { promise: grown, resolve, reject } = Promise.withResolvers<void>();
  grown.catch(() => undefined);
  grow = resolve;
  isClosed = false;
  const asset: OpenAsset = {
    sizeBytes: SIZE,
    read: async (into, position) => {
      if (position >= SIZE / 2) await grown;
      const part = bytes.subarray(position, Math.min(position + into.length, position < SIZE / 2 ? SIZE / 2 : SIZE));
      into.set(part);
      return part.length;
    },
    close: async () => {
      isClosed = true;
      reject(new Error('closed'));
    },
  };
  server = createServer((request, response) => {
    idle = once(request.socket, 'timeout');
    response.writeHead(200, { 'content-length': SIZE });
    const rest = { first: 0, last: SIZE - 1, pages: createSharedPages(), stallMs: 50, onSent: () => undefined };
    outcome = sendAsset({ asset, response, ...rest });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(): Promise<IncomingMessage> {
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

test('a client that waits for what is still on its way to us is not one that stalls', async () => {
  const body = (await ask()).toArray();
  await idle;
  grow();
  expect(Buffer.concat(await body).equals(bytes)).toBe(true);
  expect([await outcome, isClosed]).toEqual(['sent', true]);
});

test('a client that hangs up meanwhile is let go at once, and its file closed', async () => {
  const response = await ask();
  response.on('error', () => undefined).resume();
  await vi.waitFor(() => expect(response.readableDidRead).toBe(true));
  response.destroy();
  await vi.waitFor(() => expect(isClosed).toBe(true));
  expect(await outcome).toBe('gone');
});
