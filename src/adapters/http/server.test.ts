import { mkdtemp, rm, stat } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import type { Log, LogFields } from '../../kernel/ports.ts';
import { createHttpServer, type HttpServer, type Routes } from './server.ts';

const lines: { level: string; fields: LogFields; message: string }[] = [];
const line = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };

let slow = 0;
const routes: Routes = (app) => {
  app.get('/hello/:name', (request) => ({ hello: (request.params as { name: string }).name }));
  app.get('/weather', () => {
    throw new AppError('asset-unavailable', 'the kernel is 40 % here');
  });
  app.get('/bug', () => {
    throw new TypeError('secret detail');
  });
  app.post('/say', (request) => ({ got: request.body }));
  app.get('/slow', () => {
    slow += 1;
    return new Promise(() => undefined);
  });
  app.get('/t/:token/user-data', () => 'x');
};

let server: HttpServer;
let folder: string;
beforeEach(async () => {
  lines.length = 0;
  slow = 0;
  folder = await mkdtemp(join(tmpdir(), 'slipway-http-'));
  server = await createHttpServer({ log, routes: [routes] });
});
afterEach(async () => {
  await server.close(0);
  await rm(folder, { recursive: true });
});

describe('answers', () => {
  test.each(['/hello/pos-1', '//hello//pos-1', '/hello/pos-1/'])('%s is one path, without a redirect', async (url) => {
    const answer = await server.app.inject({ url });
    expect([answer.statusCode, answer.json()]).toEqual([200, { hello: 'pos-1' }]);
  });

  test('HEAD has the headers of GET', async () => {
    const answer = await server.app.inject({ method: 'HEAD', url: '/hello/x' });
    expect([answer.statusCode, answer.headers['content-length'], answer.body]).toEqual([200, '13', '']);
  });

  test('an AppError carries its status, code, message and help', async () => {
    const answer = await server.app.inject({ url: '/weather' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json().error).toMatchObject({ code: 'asset-unavailable', message: 'the kernel is 40 % here' });
    expect(answer.json().error.help).toMatch(/WAN/);
  });

  test('a bug is a 500 that tells the client nothing and the log everything', async () => {
    const answer = await server.app.inject({ url: '/bug' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([500, 'internal']);
    expect(answer.body).not.toContain('secret detail');
    expect(lines.find((entry) => entry.level === 'error')?.fields['error']).toBeInstanceOf(TypeError);
  });

  test('an unknown path is a 404 in JSON', async () => {
    const answer = await server.app.inject({ url: '/nope?x=1' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'not-found']);
  });

  test.each([
    ['a body that is no JSON', '{"a":', 400, 'usage-invalid'],
    ['a body over 64 KiB', JSON.stringify('x'.repeat(65_536)), 413, 'body-too-large'],
  ])('%s is refused', async (_, payload, status, code) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await server.app.inject({ method: 'POST', url: '/say', payload, headers });
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
  });

  test('a body of an unknown type is refused', async () => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/say',
      payload: 'x',
      headers: { 'content-type': 'a/b' },
    });
    expect([answer.statusCode, answer.json().error.code]).toEqual([415, 'usage-invalid']);
  });

  test('a bad percent sign in a path is a 400', async () => {
    const answer = await server.app.inject({ url: '/hello/%zz' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'usage-invalid']);
  });

  test('no log line has the token of a path', async () => {
    await server.app.inject({ url: '/t/very-secret/user-data' });
    await server.app.inject({ url: '//t/very-secret/nothing' });
    await server.app.inject({ url: `/%74/very-secret${'x'.repeat(33)}/user-data` });
    expect(lines.length).toBeGreaterThan(1);
    expect(JSON.stringify(lines)).not.toContain('very-secret');
  });
});

describe('listeners', () => {
  test('the same routes answer on TCP and on a Unix socket that only owner and group may use', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    const socketPath = join(folder, 'control.sock');
    await server.listen({ socketPath });
    expect(await get({ host: '127.0.0.1', port, path: '/hello/a' })).toBe('{"hello":"a"}');
    expect(await get({ socketPath, path: '/hello/b' })).toBe('{"hello":"b"}');
    expect(server.counters()).toEqual({ 'answered.2xx': 2 });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
  });

  test('bytes that are not HTTP get a 400 and no stack', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    const answer = await exchange(port, '\x16\x03\x01 hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"usage-invalid"');
    expect(answer).not.toMatch(/at .*\.[jt]s/);
    expect(server.counters()).toEqual({ malformed: 1 });
    expect(lines).toMatchObject([{ level: 'warn', fields: { because: 'HPE_INVALID_METHOD' } }]);
  });

  test('one client with many idle connections takes no place of the others', async () => {
    const few = await createHttpServer({ log, routes: [routes], maxConnections: 8, maxConnectionsPerClient: 2 });
    const port = await few.listen({ address: '127.0.0.1', port: 0 });
    const idle = Array.from({ length: 9 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined));
    await expect.poll(() => few.counters()['turned-away']).toBe(7);
    expect(await get({ host: '127.0.0.1', localAddress: '127.0.0.2', port, path: '/hello/a' })).toBe('{"hello":"a"}');
    for (const socket of idle) socket.destroy();
    await expect.poll(() => get({ host: '127.0.0.1', port, path: '/hello/b' }).catch(() => '')).toBe('{"hello":"b"}');
    await few.close(0);
  });

  test('where many clients hold all places, who has fewer than they is served', async () => {
    const few = await createHttpServer({ log, routes: [routes], maxConnections: 8, maxConnectionsPerClient: 4 });
    const port = await few.listen({ address: '127.0.0.1', port: 0 });
    const idle = ['127.0.0.3', '127.0.0.4', '127.0.0.5'].flatMap((localAddress) =>
      Array.from({ length: 4 }, () => connect({ host: '127.0.0.1', localAddress, port }).on('error', () => undefined)),
    );
    await expect.poll(() => few.counters()['turned-away']).toBe(4);
    for (let n = 0; n < 3; n++)
      expect(await get({ host: '127.0.0.1', localAddress: '127.0.0.2', port, path: '/hello/a' })).toBe('{"hello":"a"}');
    for (const socket of idle) socket.destroy();
    await few.close(0);
  });

  test('it is an idle connection that gives way, and no answer on its way', async () => {
    const few = await createHttpServer({ log, routes: [routes], maxConnections: 3, maxConnectionsPerClient: 3 });
    const port = await few.listen({ address: '127.0.0.1', port: 0 });
    const ended: string[] = [];
    const open = async (name: string, localAddress: string, text: string) => {
      const socket = connect({ host: '127.0.0.1', localAddress, port });
      socket.on('error', () => undefined).on('close', () => ended.push(name));
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(text);
      return socket;
    };
    const sockets = [
      await open('asks', '127.0.0.3', 'GET /slow HTTP/1.1\r\n\r\n'),
      await open('idle', '127.0.0.3', ''),
      await open('asks too', '127.0.0.3', 'GET /slow HTTP/1.1\r\n\r\n'),
    ];
    await expect.poll(() => slow).toBe(2);
    expect(await get({ host: '127.0.0.1', localAddress: '127.0.0.2', port, path: '/hello/a' })).toBe('{"hello":"a"}');
    expect(ended).toEqual(['idle']);
    for (const socket of sockets) socket.destroy();
    await few.close(0);
  });

  test('headers without end get a 431', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    expect(await exchange(port, `GET / HTTP/1.1\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a client without a Host header is served', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    expect(await exchange(port, 'GET /hello/x HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a port in use is named', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    const second = server.listen({ address: '127.0.0.1', port });
    await expect(second).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(`:${port}`) });
  });

  test('an address that is not ours is named', async () => {
    const wrong = server.listen({ address: '192.0.2.1', port: 0 });
    await expect(wrong).rejects.toMatchObject({ code: 'address-unavailable' });
  });

  test('a socket file that nobody answers on is replaced, a living one is not', async () => {
    const socketPath = join(folder, 'control.sock');
    await leaveStaleSocket(socketPath);
    await server.listen({ socketPath });
    await expect(server.listen({ socketPath })).rejects.toMatchObject({ code: 'port-in-use' });
    expect(await get({ socketPath, path: '/hello/b' })).toBe('{"hello":"b"}');
  });

  test('close ends requests that have no end', async () => {
    const port = await server.listen({ address: '127.0.0.1', port: 0 });
    const hanging = exchange(port, 'GET /slow HTTP/1.1\r\n\r\n');
    await server.close(0);
    expect(await hanging).toBe('');
  });
});

function get(options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ ...options, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

/** A listener on `path` whose file outlives it, as after a kill. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { rename } = await import('node:fs/promises');
  const listener = createTcpServer();
  await new Promise<void>((resolve) => listener.listen(`${path}.old`, resolve));
  await rename(`${path}.old`, path);
  await new Promise((resolve) => listener.close(resolve));
}
