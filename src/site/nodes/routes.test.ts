import { afterEach, describe, expect, it } from 'vitest';
import { POS_MAC, SampleClock, SampleLog, SampleSignals, sampleTokens, T0 } from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import { AppError } from '../../kernel/errors.ts';
import { nodesRoutes } from './routes.ts';

const token = sampleTokens.mint({ use: 'report', mac: POS_MAC, issuedAt: T0 - 5 });
const readToken = sampleTokens.mint({ use: 'read', mac: POS_MAC, issuedAt: T0 });
let server: HttpServer;

async function setUp() {
  const signals = new SampleSignals();
  const log = new SampleLog();
  server = await createHttpServer({
    log,
    routes: [nodesRoutes({ tokens: sampleTokens, signals, clock: new SampleClock(), log })],
  });
  const post = (path: string, payload: string, type?: string) =>
    server.app.inject({
      method: 'POST',
      url: path,
      payload,
      ...(type ? { headers: { 'content-type': type } } : { headers: {} }),
    });
  return { signals, post, log };
}

afterEach(() => server.close());

describe('POST /r/<token>/phone-home', () => {
  it('is heard as cloud-init sends it, and answered when it is on disk', async () => {
    const { signals, post } = await setUp();
    const body =
      'pub_key_rsa=ssh-rsa+AAAA%2B&instance_id=pos-1.1&hostname=pos-1&fqdn=pos-1.example.com&pub_key_dsa=N%2FA';
    let written = false;
    signals.before = () => {
      written = true;
    };
    const answer = await post(`/r/${token}/phone-home`, body, 'application/x-www-form-urlencoded');
    expect([answer.statusCode, written]).toEqual([200, true]);
    expect(signals.heard).toEqual([
      { kind: 'phone-home', at: T0, mac: POS_MAC, issuedAt: T0 - 5, hostname: 'pos-1', instanceId: 'pos-1.1' },
    ]);
  });

  it('is refused while the disk fails, so that the node says it again', async () => {
    const { signals, post } = await setUp();
    signals.before = () => {
      throw new AppError('disk-full', 'no space left');
    };
    expect((await post(`/r/${token}/phone-home`, 'hostname=x')).statusCode).toBe(507);
  });

  it.each(['', 'N/A', '%', 'hostname=%zz&instance_id=N/A', '\0\0\0'])('a body of %j is heard too', async (body) => {
    const { signals, post } = await setUp();
    expect((await post(`/r/${token}/phone-home`, body)).statusCode).toBe(200);
    expect(signals.heard).toHaveLength(1);
  });

  it.each([`/r/nonsense/phone-home`, `/r/${readToken}/phone-home`, `/r/${readToken}/report`])(
    '%s is refused',
    async (path) => {
      const { signals, post } = await setUp();
      const answer = await post(path, 'hostname=x');
      expect([answer.statusCode, signals.heard.length]).toEqual([403, 0]);
      expect(answer.json()).toMatchObject({ error: { code: 'token-refused' } });
    },
  );

  it('takes 64 KiB and no more', async () => {
    const { post } = await setUp();
    expect((await post(`/r/${token}/phone-home`, 'x'.repeat(64 * 1024))).statusCode).toBe(200);
    expect((await post(`/r/${token}/phone-home`, 'x'.repeat(64 * 1024 + 1))).statusCode).toBe(413);
  });
});

describe('POST /r/<token>/report', () => {
  const body = JSON.stringify({
    name: 'modules-final/config-phone-home',
    description: 'running config-phone-home',
    event_type: 'finish',
    origin: 'cloudinit',
    timestamp: 1_700_000_000.5,
    result: 'SUCCESS',
  });

  it.each([undefined, 'application/json', 'application/x-www-form-urlencoded'])(
    'is heard with content type %s',
    async (type) => {
      const { signals, post } = await setUp();
      expect((await post(`/r/${token}/report`, body, type)).statusCode).toBe(200);
      expect(signals.heard).toEqual([
        {
          kind: 'report',
          at: T0,
          mac: POS_MAC,
          issuedAt: T0 - 5,
          name: 'modules-final/config-phone-home',
          phase: 'finish',
          result: 'SUCCESS',
          description: 'running config-phone-home',
        },
      ]);
    },
  );

  it.each([
    ['not json', { name: 'not json', phase: 'other' }],
    ['[1,2]', { name: '[1,2]', phase: 'other' }],
    ['null', { name: 'null', phase: 'other' }],
    ['', { name: 'report', phase: 'other' }],
    ['{"name":7,"event_type":"boom","result":{}}', { name: 'report', phase: 'other' }],
    [JSON.stringify({ name: `a\u001b[2J\n${'x'.repeat(999)}` }), { name: 'a [2J', phase: 'other' }],
    [JSON.stringify({ name: `${'x '.repeat(124)}geheim-geheim` }), { name: 'x '.repeat(124).trim(), phase: 'other' }],
  ])('%s is heard as something', async (text, expected) => {
    const { signals, post } = await setUp();
    expect((await post(`/r/${token}/report`, text)).statusCode).toBe(200);
    expect(signals.heard[0]).toMatchObject(expected);
  });
});
