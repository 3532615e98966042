import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleClock, SampleLog, SITE } from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import { AppError } from '../../kernel/errors.ts';
import type { PageFile } from '../../model/page-file.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import { CommandGate } from './commands.ts';
import type { Door } from './door.ts';
import { guardShown } from './door.ts';
import { registerPageRoutes } from './page.ts';
import { guardOwn } from './routes.ts';

const HERE = '127.0.0.1' as SiteAddress['address'];
const text = (said: string): Uint8Array => new TextEncoder().encode(said);
const FILES: readonly PageFile[] = [
  { name: 'index.html', body: text('<!doctype html>') },
  { name: 'main-ABCDEFGH.js', body: text('1') },
];

type Refused = { readonly error: { readonly code: string } };

let server: HttpServer | undefined;
afterEach(() => server?.close(0));

/** A site with real sockets on loopback, because what counts is the address that a connection came to. */
async function setUp({
  shown = true,
  files = async () => FILES,
}: {
  shown?: boolean;
  files?: () => Promise<readonly PageFile[]>;
} = {}) {
  const refusals: string[] = [];
  let port = 0;
  const door: Door = {
    shownAt: () => (shown ? [{ ...SITE, address: HERE, httpPort: port }] : []),
    isControl: () => false,
  };
  const gate = new CommandGate({
    ...{ addresses: door.shownAt, isControl: door.isControl, clock: new SampleClock() },
    desk: { carryOut: async () => ({ sentence: 'done' }) },
    readPin: async () => undefined,
    onRefused: (because) => refusals.push(because),
  });
  server = await createHttpServer({
    log: new SampleLog(),
    routes: [
      (app) => {
        guardShown(app, door);
        guardOwn(app, gate);
        app.get('/healthz', () => 'ok');
        app.get('/api/v1/nodes', () => ({ nodes: [] }));
        app.post('/api/v1/arm', () => ({ sentence: 'armed' }));
        registerPageRoutes(app, { door, files });
      },
    ],
  });
  port = await server.listen({ address: HERE, port: 0 });
  const ask = async (path: string, how: RequestInit = {}): Promise<Response> =>
    fetch(`http://${HERE}:${port}${path}`, how);
  /** The status of an answer to a request that names another host; `fetch` does not let one say it. */
  const answerTo = (path: string, host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: HERE, port, path, headers: { host }, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
  return { ask, answerTo, refusals, own: `http://${HERE}:${port}` };
}

describe('the page', () => {
  it('comes as HTML, and nothing but its own files may run in it', async () => {
    const { ask } = await setUp();
    const answer = await ask('/');
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<!doctype html>',
    ]);
    const policy = answer.headers.get('content-security-policy') ?? '';
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
    ])
      expect(policy).toContain(part);
    expect(policy).not.toContain('unsafe');
  });

  it('has files that are kept for ever, by their name alone', async () => {
    const { ask } = await setUp();
    const answer = await ask('/page/main-ABCDEFGH.js', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-length')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
      '1',
    ]);
    for (const name of ['index.html', 'main-OTHER.js', '..%2fpackage.json'])
      expect((await ask(`/page/${name}`)).status).toBe(404);
  });

  it('that could not be made is a sentence, and the rest of the site goes on', async () => {
    const { ask } = await setUp({
      files: () => Promise.reject(new AppError('page-missing', 'the page could not be read')),
    });
    const answer = await ask('/');
    expect([answer.status, await answer.text()]).toEqual([503, 'the page could not be read\n']);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('is not there where the site file does not say so, and neither is the API', async () => {
    const { ask, refusals } = await setUp({ shown: false });
    const answer = await ask('/');
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('does not show its page here')]);
    expect([(await ask('/page/main-ABCDEFGH.js')).status, (await ask('/api/v1/nodes')).status]).toEqual([404, 404]);
    expect((await ask('/healthz')).status).toBe(200);
    expect(refusals).toEqual([]);
  });
});

describe('the API', () => {
  it('is read by its own page, with headers that keep the answer from others', async () => {
    const { ask, own, refusals } = await setUp();
    const answer = await ask('/api/v1/nodes', { headers: { origin: own } });
    expect([answer.status, await answer.json()]).toEqual([200, { nodes: [] }]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    expect(refusals).toEqual([]);
  });

  it.each([
    ['GET', '/api/v1/nodes'],
    ['POST', '/api/v1/arm'],
    ['OPTIONS', '/api/v1/slots/pos-1/claim'],
  ])('refuses %s %s of the page of another site, and tells of it', async (method, path) => {
    const { ask, refusals } = await setUp();
    for (const origin of ['http://hostile.example', 'null']) {
      const answer = await ask(path, { method, headers: { origin } });
      expect([answer.status, ((await answer.json()) as Refused).error.code]).toEqual([403, 'foreign-request']);
    }
    expect(refusals).toHaveLength(2);
  });

  it('refuses the question before a request even from its own page: it never asks', async () => {
    const { ask } = await setUp();
    expect((await ask('/api/v1/arm', { method: 'OPTIONS' })).status).toBe(403);
  });

  it.each(['hostile.example', '127.0.0.1', '127.0.0.1.hostile.example'])(
    'refuses a request to the host %s',
    async (host) => {
      const { answerTo, refusals } = await setUp();
      expect(await answerTo('/api/v1/nodes', host)).toBe(403);
      expect(refusals).toEqual(['it is not addressed to an address of this site']);
      expect(await answerTo('/', host)).toBe(403);
      expect(refusals).toHaveLength(1);
    },
  );
});
