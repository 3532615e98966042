import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleClock, SampleLog, SITE } from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Command, NetworkCommand } from '../../model/commands.ts';
import { CommandGate } from './commands.ts';
import { guardOwn, registerCommandRoutes, registerSecretRoutes } from './routes.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close());

type World = { readonly pin?: string; readonly overSocket?: boolean };
type Ask = { headers?: Record<string, string | undefined>; body?: string; from?: string };

async function setUp({ pin = '4711', overSocket = false }: World = {}) {
  const obeyed: ((Command | NetworkCommand) & { by: string })[] = [];
  const refusals: string[] = [];
  const clock = new SampleClock();
  const gate = new CommandGate({
    desk: {
      carryOut: async (command, by) => {
        if ('slot' in command && command.slot === 'pos-9') throw new AppError('not-found', 'no such slot');
        if ('code' in command && command.code !== 'K7PW') throw new AppError('code-refused', 'no machine shows it');
        obeyed.push({ ...command, by });
        return { sentence: 'done' };
      },
    },
    addresses: () => [SITE],
    isControl: (_request: IncomingMessage) => overSocket,
    readPin: async () => pin || undefined,
    clock,
    onRefused: (because) => refusals.push(because),
  });
  const kept = new Map<string, string>();
  const log = new SampleLog();
  const routes = (scope: Parameters<typeof registerCommandRoutes>[0]): void => {
    guardOwn(scope, gate);
    registerCommandRoutes(scope, gate);
    registerSecretRoutes(scope, gate, {
      list: async () => [...kept.keys()].map((name) => ({ name, from: 'store', wantedBy: [] })),
      set: async (name, value) => {
        kept.set(name, value);
        return 'kept';
      },
      remove: async (name) => `${kept.delete(name)}`,
    });
    scope.get('/api/v1/status', () => ({ sentence: 'read' }));
  };
  server = await createHttpServer({ log, routes: [routes] });
  const app = server.app;
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ url, headers: { host: '10.0.0.1', ...headers } });
    return [answer.statusCode, answer.json().sentence ?? answer.json().error?.code] as const;
  };
  const post = async (url: string, { headers = {}, body = '{}', from = '10.0.0.50' }: Ask = {}) => {
    const all = { 'content-type': 'application/json', host: '10.0.0.1', 'slipway-pin': '4711', ...headers };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const sent = given as Record<string, string>;
    const answer = await app.inject({ method: 'POST', url, payload: body, headers: sent, remoteAddress: from });
    return [answer.statusCode, answer.json().sentence ?? answer.json().error.code] as const;
  };
  return { post, get, obeyed, refusals, clock, kept, log, app };
}

const RELEASE = '/api/v1/slots/pos-1/release';

describe('commands', () => {
  it.each([
    ['/api/v1/arm', '{}', { kind: 'arm' }],
    ['/api/v1/slots/pos-1/claim', '{"code":"K7PW"}', { kind: 'claim', slot: 'pos-1', code: 'K7PW' }],
    ['/api/v1/slots/pos-1/replace', '{"code":"K7PW"}', { kind: 'replace', slot: 'pos-1', code: 'K7PW' }],
    [RELEASE, '{}', { kind: 'release', slot: 'pos-1' }],
    ['/api/v1/slots/pos-1/reinstall', '{}', { kind: 'reinstall', slot: 'pos-1', wipe: false }],
    ['/api/v1/slots/pos-1/reinstall', '{"wipe":true}', { kind: 'reinstall', slot: 'pos-1', wipe: true }],
    ['/api/v1/slots/pos-1/hold', '{"on":false}', { kind: 'hold', slot: 'pos-1', on: false }],
    ['/api/v1/slots/pos-1/confirm', '{}', { kind: 'confirm', slot: 'pos-1' }],
    ['/api/v1/machines/m3/merge', '{"other":"m7"}', { kind: 'merge', keep: 'm3', other: 'm7' }],
    [
      '/api/v1/machines/52%3A54%3A00%3A00%3A00%3A01/split',
      '{"part":"m7"}',
      { kind: 'split', machine: '52:54:00:00:00:01', part: 'm7' },
    ],
  ])('POST %s %s', async (url, body, command) => {
    const { post, obeyed } = await setUp();
    expect(await post(url, { body })).toEqual([200, 'done']);
    expect(obeyed).toEqual([{ ...command, by: 'page' }]);
  });

  it('over the control socket need no PIN and no address', async () => {
    const { post, obeyed } = await setUp({ overSocket: true, pin: '' });
    const headers = { host: 'localhost', 'slipway-pin': undefined };
    expect(await post(RELEASE, { headers })).toEqual([200, 'done']);
    expect(obeyed).toMatchObject([{ by: 'cli' }]);
  });

  it('fill an empty slot with the code alone, and no PIN is tried by it', async () => {
    const { post, obeyed } = await setUp({ pin: '' });
    const claim = { body: '{"code":"K7PW"}', headers: { 'slipway-pin': undefined } };
    expect(await post('/api/v1/slots/pos-1/claim', claim)).toEqual([200, 'done']);
    expect(obeyed).toMatchObject([{ kind: 'claim', by: 'page' }]);
    expect(await post('/api/v1/slots/pos-1/replace', claim)).toEqual([403, 'pin-refused']);
    const foreign = { ...claim, headers: { ...claim.headers, origin: 'http://evil.example' } };
    expect(await post('/api/v1/slots/pos-1/claim', foreign)).toEqual([403, 'foreign-request']);
  });

  it('end after five wrong codes of one address, also with the right one; others go on, and it is told of', async () => {
    const { post, refusals, clock } = await setUp();
    const url = '/api/v1/slots/pos-1/claim';
    const wrong = { body: '{"code":"2222"}', from: '10.0.0.66' };
    const right = { body: '{"code":"K7PW"}', from: '10.0.0.66' };
    for (let i = 0; i < 4; i++) expect(await post(url, wrong)).toEqual([409, 'code-refused']);
    expect(await post(url, right)).toEqual([200, 'done']);
    for (let i = 0; i < 5; i++) expect(await post(url, wrong)).toEqual([409, 'code-refused']);
    expect(refusals).toEqual([]);
    expect(await post(url, right)).toEqual([409, 'code-refused']);
    expect(refusals).toEqual(['five wrong codes within ten minutes: wait, then try again']);
    expect(await post(url, { ...right, from: '10.0.0.50' })).toEqual([200, 'done']);
    expect(await post('/api/v1/slots/pos-9/claim', { ...right, from: '10.0.0.50' })).toEqual([404, 'not-found']);
    clock.pass(600_000);
    expect(await post(url, right)).toEqual([200, 'done']);
  });

  it('count many wrong codes at once as many', async () => {
    const { post } = await setUp();
    const all = await Promise.all(
      Array.from({ length: 9 }, (_, i) => post('/api/v1/slots/pos-1/claim', { body: `{"code":"222${i}"}` })),
    );
    expect(all.every(([status]) => status === 409)).toBe(true);
    expect(await post('/api/v1/slots/pos-1/claim', { body: '{"code":"K7PW"}' })).toEqual([409, 'code-refused']);
  });

  it('at the terminal are not counted', async () => {
    const { post } = await setUp({ overSocket: true });
    const url = '/api/v1/slots/pos-1/claim';
    for (let i = 0; i < 6; i++) expect(await post(url, { body: '{"code":"2222"}' })).toEqual([409, 'code-refused']);
    expect(await post(url, { body: '{"code":"K7PW"}' })).toEqual([200, 'done']);
  });

  it('say what the desk says when it refuses', async () => {
    const { post } = await setUp();
    expect(await post('/api/v1/slots/pos-9/release')).toEqual([404, 'not-found']);
  });

  it.each([
    ['/api/v1/slots/pos-1/claim', '{}'],
    ['/api/v1/machines/m3/merge', '{}'],
    ['/api/v1/machines/m3/merge', '{"other":"m7","force":true}'],
    ['/api/v1/machines/m3/split', '{"part":7}'],
    ['/api/v1/machines/m3/split', '[]'],
    ['/api/v1/slots/pos-1/claim', '{"code":7}'],
    ['/api/v1/slots/pos-1/reinstall', '{"wipe":"yes"}'],
    ['/api/v1/slots/pos-1/reinstall', '{"wype":true}'],
    ['/api/v1/slots/pos-1/hold', '{"on":1}'],
    [RELEASE, '[]'],
    [RELEASE, 'null'],
  ])('%s %s is not understood, and nothing happens', async (url, body) => {
    const { post, obeyed } = await setUp();
    expect(await post(url, { body })).toEqual([400, 'usage-invalid']);
    expect(obeyed).toEqual([]);
  });
});

describe('a neighbour or a hostile page', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['without a PIN', { 'slipway-pin': undefined }],
    ['with a wrong PIN', { 'slipway-pin': '4712' }],
  ])('%s is refused, and told', async (_how, headers) => {
    const { post, obeyed, refusals } = await setUp();
    expect(await post(RELEASE, { headers })).toEqual([403, 'pin-refused']);
    expect([obeyed, refusals.length]).toEqual([[], 1]);
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['by a name of its own (DNS rebinding)', { host: 'evil.example' }],
    ['by a name with our address in it', { host: '10.0.0.1.evil.example' }],
    ['at another port', { host: '10.0.0.1:8080' }],
    ['without a Host', { host: '' }],
    ['from its own page', { origin: 'http://evil.example' }],
    ['from a page without an origin', { origin: 'null' }],
    ['from a page that looks like ours', { origin: 'https://10.0.0.1' }],
    ['from another port of this box', { origin: 'http://10.0.0.1:5000' }],
    ['as the browser itself says', { 'sec-fetch-site': 'cross-site' }],
    ['from a page beside ours, as the browser says', { 'sec-fetch-site': 'same-site' }],
  ])('%s is refused, and told', async (_how, headers) => {
    const { post, obeyed, refusals } = await setUp();
    expect(await post(RELEASE, { headers })).toEqual([403, 'foreign-request']);
    expect([obeyed, refusals.length]).toEqual([[], 1]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined])(
    'with a form of the type %s is refused',
    async (type) => {
      const { post, obeyed } = await setUp();
      const [status] = await post(RELEASE, { headers: { 'content-type': type } });
      expect([status >= 400, obeyed]).toEqual([true, []]);
    },
  );

  it('our own page is let in', async () => {
    const { post } = await setUp();
    expect(await post(RELEASE, { headers: { origin: 'http://10.0.0.1' } })).toEqual([200, 'done']);
    expect(await post(RELEASE, { headers: { host: '10.0.0.1:80', origin: 'http://10.0.0.1:80' } })).toEqual([
      200,
      'done',
    ]);
  });

  it('without a PIN in the site no command comes over the network', async () => {
    const { post } = await setUp({ pin: '' });
    expect(await post(RELEASE)).toEqual([403, 'pin-refused']);
    expect(await post(RELEASE, { headers: { 'slipway-pin': '' } })).toEqual([403, 'pin-refused']);
  });

  it('who guesses is shut out after five, with the right PIN too, for ten minutes', async () => {
    const { post, refusals, clock } = await setUp();
    for (let i = 0; i < 5; i++) await post(RELEASE, { headers: { 'slipway-pin': `000${i}` } });
    expect(await post(RELEASE)).toEqual([403, 'pin-refused']);
    expect(refusals.at(-1)).toContain('five wrong PINs');
    expect(await post(RELEASE, { from: '10.0.0.51' })).toEqual([200, 'done']);
    clock.pass(10 * 60_000 + 1);
    expect(await post(RELEASE)).toEqual([200, 'done']);
  });

  it('who guesses from many addresses has twenty tries, and does not lock out who gave the right PIN before', async () => {
    const { post, refusals, clock } = await setUp();
    const owner = { from: '10.0.0.51' };
    expect(await post(RELEASE, owner)).toEqual([200, 'done']);
    for (let i = 0; i < 40; i++)
      await post(RELEASE, { from: `10.0.0.${100 + i}`, headers: { 'slipway-pin': `00${i}` } });
    expect(refusals.filter((because) => because.includes('not that of this site'))).toHaveLength(20);
    expect(await post(RELEASE, { from: '10.0.0.99' })).toEqual([403, 'pin-refused']);
    expect(refusals.at(-1)).toContain('several addresses');
    expect(await post(RELEASE, owner)).toEqual([200, 'done']);
    clock.pass(10 * 60_000 + 1);
    expect(await post(RELEASE, { from: '10.0.0.99' })).toEqual([200, 'done']);
  });

  it('who guesses many at once has no more tries', async () => {
    const { post, refusals } = await setUp();
    await Promise.all(Array.from({ length: 40 }, (_, i) => post(RELEASE, { headers: { 'slipway-pin': `${i}` } })));
    expect(refusals.filter((because) => because.includes('not that of this site'))).toHaveLength(5);
  });
});

describe('reading the API', () => {
  it('is for the pages of the site, and for programs', async () => {
    const { get, refusals } = await setUp();
    expect(await get('/api/v1/status')).toEqual([200, 'read']);
    expect(refusals).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['by a name of an attacker', { host: 'evil.example' }],
    ['for the page of somebody else', { origin: 'http://evil.example' }],
    ['for a page of somebody else, as the browser says', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused %s', async (_how, headers) => {
    const { get, refusals } = await setUp();
    expect(await get('/api/v1/status', headers)).toEqual([403, 'foreign-request']);
    expect(refusals).toHaveLength(1);
  });

  it.each(['//api/v1/status', '/%61pi/v1/status', '/api//v1/status/'])(
    'is refused however %s is written',
    async (url) => {
      const { get } = await setUp();
      expect(await get(url, { host: 'evil.example' })).toEqual([403, 'foreign-request']);
    },
  );

  it('has no answer that a page of somebody else may read, and a preflight is answered by nobody', async () => {
    const { app } = await setUp();
    const headers = { host: '10.0.0.1', origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await app.inject({ method: 'OPTIONS', url: RELEASE, headers });
    const read = await app.inject({ url: '/api/v1/status', headers: { host: '10.0.0.1' } });
    expect(preflight.statusCode).toBe(404);
    for (const answer of [preflight, read]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      });
    }
  });
});

describe('secrets', () => {
  const SET = '/api/v1/secrets/joinToken/set';
  const body = '{"value":"geheim-1"}';

  it('are set, listed and removed over the control socket', async () => {
    const { post, app, kept } = await setUp({ overSocket: true });
    expect(await post(SET, { body })).toEqual([200, 'kept']);
    expect([...kept]).toEqual([['joinToken', 'geheim-1']]);
    const list = await app.inject({ url: '/api/v1/secrets' });
    expect(list.body).toBe('{"secrets":[{"name":"joinToken","from":"store","wantedBy":[]}]}');
    expect(await post('/api/v1/secrets/joinToken/remove')).toEqual([200, 'true']);
  });

  it('are never touched over the network, with the right PIN neither', async () => {
    const { post, get, kept, refusals } = await setUp();
    expect(await post(SET, { body })).toEqual([403, 'terminal-only']);
    expect(await post('/api/v1/secrets/joinToken/remove')).toEqual([403, 'terminal-only']);
    expect(await get('/api/v1/secrets')).toEqual([403, 'terminal-only']);
    expect([kept.size, refusals.length]).toEqual([0, 3]);
  });

  it.each(['{"value":7}', '{}', 'null', '{"value":"geheim-1"', '"geheim-1"'])(
    'of a body %s are not understood, and nobody repeats it',
    async (wrong) => {
      const { app, kept, log } = await setUp({ overSocket: true });
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method: 'POST', url: SET, payload: wrong, headers });
      expect([answer.statusCode, kept.size]).toEqual([400, 0]);
      expect(answer.body + JSON.stringify(log.lines)).not.toContain('geheim');
    },
  );
});
