import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHubClient, type HubClient } from './hub-client.ts';

let folder: string;
let server: Server;
let client: HubClient;
const asked: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-hub-client-'));
  const socket = join(folder, 'hub.sock');
  server = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${Buffer.concat(chunks)}`);
    if (request.url === '/api/v1/stream') reply.end(': hello\n\nid: 1\ndata: {"n":1}\n\ndata: {"n":2}\n\ndata: {"cut"');
    else if (request.url === '/api/v1/no') reply.writeHead(403).end('{"error":{"code":"role-missing","message":"no"}}');
    else if (request.url === '/api/v1/odd') reply.writeHead(500).end('<html>');
    else if (request.url === '/api/v1/html') reply.end('<html>');
    else reply.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  client = createHubClient({ socket });
  asked.length = 0;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

test('asks, tells and sends bytes', async () => {
  expect(await client.get('sites?limit=1')).toEqual({ ok: true });
  expect(await client.get('/api/v1/sites')).toEqual({ ok: true });
  await client.post('x', { a: 1 });
  await client.postBytes('y', Buffer.from('bytes'));
  expect(asked).toEqual([
    'GET /api/v1/sites?limit=1  ',
    'GET /api/v1/sites  ',
    'POST /api/v1/x application/json {"a":1}',
    'POST /api/v1/y application/octet-stream bytes',
  ]);
});

test('follows a stream to its end', async () => {
  const items: unknown[] = [];
  await client.follow('stream', (item) => items.push(item));
  expect(items).toEqual([{ n: 1 }, { n: 2 }]);
});

test("rejects with head office's own error, or says that it is none", async () => {
  await expect(client.get('no')).rejects.toMatchObject({ code: 'role-missing', message: 'no' });
  await expect(client.get('odd')).rejects.toMatchObject({ code: 'hub-not-answering' });
  await expect(client.get('html')).rejects.toMatchObject({ code: 'hub-not-answering' });
  await expect(createHubClient({ socket: join(folder, 'none') }).get('x')).rejects.toMatchObject({
    code: 'hub-not-answering',
  });
  await expect(createHubClient({ url: 'hub', token: 't' }).get('x')).rejects.toMatchObject({ code: 'usage-invalid' });
});
