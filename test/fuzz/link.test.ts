import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join, resolve } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { proveRequest } from '../../src/adapters/link/proofs.ts';
import { enrolmentCrypto } from '../../src/adapters/node/enrolment-crypto.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import { readGrant } from '../../src/wire/link/enrolment.ts';
import { parseInviteCode } from '../../src/wire/link/invite-code.ts';
import {
  ERROR_HEADER,
  METHOD_NAMES,
  METHODS,
  type MethodName,
  PROOF_HEADER,
  type RequestOf,
  TWIN_CONTENT_TYPE,
} from '../../src/wire/link/methods.ts';
import type { LinkIdentity } from '../../src/wire/link/ports.ts';
import { createBox, joinRequest, recoverRequest } from '../support/link-identity.ts';
import { eventItem, gapItem, helloOf } from '../support/sample-hub.ts';
import { createDice } from './support/besieged-site.ts';

const PORT = 18_763;
const ROUNDS = Number(process.env['SLIPWAY_RUNS'] ?? 30);
const workDir = resolve('test-results/fuzz/link');
const dice = createDice();
const agent = new Agent({ rejectUnauthorized: false, keepAlive: true, maxSockets: 8 });
let hub: SlipwayProcess;
let rogue: LinkIdentity;
let honest: LinkIdentity;
let valid: { readonly [M in MethodName]: Uint8Array };

type Answer = { readonly status: number; readonly refusal: string; readonly body: Buffer };

/** A call over the twin; status 0: it was ended there, or not answered in time. */
function post(path: string, body: Uint8Array, proof?: string): Promise<Answer> {
  return new Promise((done) => {
    const none = { status: 0, refusal: '', body: Buffer.of() };
    const headers = { 'content-type': TWIN_CONTENT_TYPE, ...(proof === undefined ? {} : { [PROOF_HEADER]: proof }) };
    const asked = request({ host: '127.0.0.1', port: PORT, path, method: 'POST', headers, agent }, (response) => {
      const parts: Buffer[] = [];
      const refusal = Buffer.from(String(response.headers[ERROR_HEADER] ?? ''), 'base64').toString();
      response.on('error', () => done(none)).on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => done({ status: response.statusCode ?? 0, refusal, body: Buffer.concat(parts) }));
    });
    asked.on('error', () => done(none));
    asked.setTimeout(1_500, () => asked.destroy());
    asked.end(body);
  });
}

function call(method: MethodName, body: Uint8Array, as: LinkIdentity): Promise<Answer> {
  const { path } = METHODS[method];
  return post(path, body, proveRequest({ path, nonce: systemRandom.bytes(16), body }, Date.now(), as));
}

function encode<M extends MethodName>(method: M, message: RequestOf<M>): Uint8Array {
  return METHODS[method].request.encode(message).finish();
}

async function enroll(site: string): Promise<LinkIdentity> {
  const { code } = await tellSite<{ code: string }>(hub.socket, '/api/v1/invites', { site });
  const box = createBox();
  const asked = await joinRequest(box, code, site);
  const { body } = await post(METHODS.enroll.path, encode('enroll', asked));
  const parsed = parseInviteCode(code);
  if (!parsed.ok) throw new Error(parsed.error);
  const grant = readGrant(parsed.value, asked, METHODS.enroll.reply.decode(body), enrolmentCrypto);
  if (!grant.ok) throw new Error(grant.error);
  return { chain: grant.value.certificateChain, privateKey: box.key };
}

/** Some of these bytes are others, are missing, or are there twice. */
function mutate(bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes);
  for (let i = 0; i <= dice.number(4); i++) {
    const at = dice.number(out.length + 1);
    const [before, after] = [out.subarray(0, at), out.subarray(at)];
    const ways = [
      () => Buffer.concat([before, dice.bytes(1 + dice.number(8)), after]),
      () => Buffer.concat([before, after.subarray(1 + dice.number(8))]),
      () => Buffer.concat([before, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), after]),
      () => Buffer.concat([before, dice.bytes(1), after.subarray(1)]),
      () => Buffer.concat([out, before]),
      () => before,
    ];
    out = (ways[dice.number(ways.length)] ?? (() => out))();
  }
  return out;
}

async function checkServes(): Promise<void> {
  expect((await call('hello', encode('hello', helloOf('honest')), honest)).status).toBe(200);
  expect(await askSite(hub.socket, '/api/v1/sites')).toMatchObject({ total: 2 });
  expect(await askSite(hub.socket, '/api/v1/sites/rogue')).toMatchObject({ site: 'rogue' });
  const bugs = (await readFile(hub.logPath, 'utf8')).split('\n').filter((line) => /"level":("error"|50)/.test(line));
  expect(bugs).toEqual([]);
}

beforeAll(async () => {
  rmSync(workDir, { recursive: true, force: true });
  hub = await startHub({
    workDir: join(workDir, 'hub'),
    config: [
      'hub: head-office',
      `link: { url: "https://localhost:${PORT}", listen: "127.0.0.1:${PORT}" }`,
      `admin: { listen: "127.0.0.1:${PORT + 1}" }`,
    ].join('\n'),
  });
  honest = await enroll('honest');
  rogue = await enroll('rogue');
  const [certificate = new Uint8Array()] = rogue.chain;
  const recover = await recoverRequest(certificate, String(rogue.privateKey));
  const entries = [{ key: 'slots/pos-1', digest: new Uint8Array(32), value: Buffer.from('{}') }];
  valid = {
    getTime: encode('getTime', { nonce: systemRandom.bytes(16) }),
    enroll: encode('enroll', await anEnroll(recover.csr)),
    recover: encode('recover', recover),
    hello: encode('hello', helloOf('s1', { fresh: true, capabilities: ['revision/v1'] })),
    sync: encode('sync', { session: 's1', haveBundle: new Uint8Array(), highestNumber: 0n, waitMs: 0 }),
    report: encode('report', {
      session: 's1',
      items: [eventItem(1), gapItem(2, 9)],
      limits: undefined,
    } as RequestOf<'report'>),
    putState: encode('putState', { session: 's1', counter: 1n, entries }),
    fetch: encode('fetch', { digest: new Uint8Array(32), offset: 0n, maxBytes: 0 }),
    renew: encode('renew', { csr: recover.csr }),
  };
}, 60_000);
afterAll(async () => {
  agent.destroy();
  await hub?.stop('SIGKILL');
});

function anEnroll(csr: Uint8Array): RequestOf<'enroll'> {
  return {
    ...{
      inviteId: 'AAAA',
      nonce: systemRandom.bytes(16),
      csr,
      sealingKey: new Uint8Array(32),
      proof: new Uint8Array(32),
    },
    ...{ hardware: undefined, version: '1', site: '' },
  };
}

test.each(METHOD_NAMES)('%s answers whatever bytes a site signs with a refusal or a reply', async (method) => {
  for (let i = 0; i < ROUNDS; i++) {
    const body = dice.number(10) === 0 ? dice.bytes(dice.number(400)) : mutate(valid[method]);
    const { status, refusal } = await call(method, body, rogue);
    expect([0, 200, 400, 401, 403, 404, 409, 503]).toContain(status);
    if (status >= 400) expect(refusal).not.toBe('');
  }
  await checkServes();
});

test('a proof with other bytes is refused, or says the very same, and then counts once', async () => {
  let accepted = 0;
  const { path } = METHODS.hello;
  const body = valid.hello;
  const right = Buffer.from(proveRequest({ path, nonce: systemRandom.bytes(16), body }, Date.now(), rogue), 'base64');
  for (let i = 0; i < ROUNDS; i++) {
    const proof = Buffer.from(mutate(right)).toString('base64');
    const { status } = await post(path, body, dice.number(5) === 0 ? `${dice.number(1e9)}` : proof.slice(0, 12_000));
    expect([0, 200, 400, 401, 409, 431]).toContain(status);
    accepted += status === 200 ? 1 : 0;
  }
  expect(accepted).toBeLessThanOrEqual(1);
  await checkServes();
});

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const HEAD = Buffer.from(`POST ${METHODS.hello.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabcde`);
const WAYS: readonly (readonly [string, string[] | undefined, Buffer])[] = [
  ['TCP', undefined, Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1')],
  ['TLS and HTTP/2', ['h2'], PREFACE],
  ['TLS and HTTP/1.1', ['http/1.1'], HEAD],
];
test.each(WAYS)('any bytes over %s end nothing but their own connection', async (_what, protocols, start) => {
  for (let i = 0; i < ROUNDS * 3; i++) {
    const noise = dice.bytes(dice.number(600));
    // A frame with a length that is right and a type and flags that may be anything.
    const frame = Buffer.concat([
      Buffer.of(0, 0, 9, dice.number(12), dice.number(256), 0, 0, 0, dice.number(4)),
      dice.bytes(9),
    ]);
    const text = dice.number(2) === 0 ? mutate(start) : Buffer.concat([start, frame, frame, noise]);
    await new Promise<void>((done) => {
      const at = { host: '127.0.0.1', port: PORT };
      const socket = protocols
        ? connectTls({ ...at, ALPNProtocols: protocols, rejectUnauthorized: false })
        : connectTcp(at);
      socket.on('error', () => undefined).on('close', () => done());
      socket.once(protocols ? 'secureConnect' : 'connect', () => {
        socket.write(text);
        setTimeout(() => socket.destroy(), 5);
      });
    });
  }
  await checkServes();
});
