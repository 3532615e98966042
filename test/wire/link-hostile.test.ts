import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { createLinkClient } from '../../src/adapters/link/link-client.ts';
import { proveRequest } from '../../src/adapters/link/proofs.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { METHODS } from '../../src/wire/link/methods.ts';
import { makePki, pem, startLinkHub, type TestHub, timeOf } from '../support/link-hub.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const handlers: Parameters<typeof startLinkHub>[0] = {
  renew: async ({ site }) => ({ certificateChain: [Buffer.from(site)], trust: undefined }),
};

async function startHub(given: Parameters<typeof startLinkHub>[1] = {}): Promise<TestHub> {
  const hub = await startLinkHub(handlers, given);
  ends.push(() => hub.server.close(50));
  return hub;
}

async function renew({ url, pki }: Pick<TestHub, 'url' | 'pki'>, deadlineMs = 5_000): Promise<string> {
  const identity = await pki.site('store-1');
  const client = createLinkClient({
    ...{ url, identity: () => identity, roots: () => [pki.root], time: timeOf() },
    ...{ random: systemRandom, env: {} },
  });
  ends.push(() => client.close());
  const { certificateChain } = await client.call('renew', { csr: new Uint8Array() }, { deadlineMs });
  return Buffer.from(certificateChain[0] ?? []).toString();
}

/** Through TLS as nobody. */
async function enter(hub: TestHub, protocol: 'h2' | 'http/1.1', text = ''): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: hub.port, rejectUnauthorized: false, ALPNProtocols: [protocol] });
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(text);
  return socket;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
const CALL = '/slipway.link.v1.Bootstrap/GetTime';
const HEAD = `POST ${CALL} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n`;

describe('who is through TLS and no site', () => {
  test.each([
    ['says nothing', ''],
    ['never ends a head', 'POST /x HTTP/1.1\r\nhost: x\r\nx: '],
    ['never ends a body', `${HEAD}content-length: 4000000\r\n\r\nabc`],
  ])('and %s over HTTP/1.1 is sent away', async (_what, text) => {
    const hub = await startHub({ limits: { requestMs: 300 } });
    const socket = await enter(hub, 'http/1.1', text);
    await once(socket, 'close');
    await expect.poll(() => hub.server.counters()).toMatchObject({ connections: 0, guests: 0 });
  });

  test.each([
    ['h2', PREFACE],
    ['http/1.1', ''],
  ] as const)('takes no place from a site, however many come over %s and stay', async (protocol, text) => {
    const hub = await startHub({ limits: { connections: 20, guests: 10 } });
    for (let i = 0; i < 25; i++) await enter(hub, protocol, text);
    expect(await renew(hub)).toBe('store-1');
    expect(hub.server.counters()).toMatchObject({ guests: 9, 'sent-away': 16, 'turned-away': 0 });
  });

  test('does not fill the memory of head office with questions that never end', async () => {
    const hub = await startHub({ limits: { guestBytes: 4_000_000 } });
    const part = Buffer.concat([Buffer.of(0, 0, 0x3d, 0x09, 0), Buffer.alloc(3_900_000)]);
    const flood = Array.from({ length: 6 }, () => {
      const session = connectHttp2(hub.url, { rejectUnauthorized: false });
      session.on('error', () => undefined);
      ends.push(() => session.destroy());
      for (let i = 0; i < 16; i++) {
        const stream = session.request({ ':method': 'POST', ':path': CALL, 'content-type': 'application/grpc' });
        stream.on('error', () => undefined).write(part);
      }
      return new Promise((resolve) => session.once('close', resolve));
    });
    await Promise.all(flood);
    expect(hub.server.counters()['sent-away']).toBe(6);
    expect(await renew(hub)).toBe('store-1');
  });
});

describe('a request that was overheard', () => {
  const path = METHODS.renew.path;
  const curl = async (url: string, proof: string): Promise<string> => {
    const head = ['-H', 'content-type: application/x-protobuf', '-H', `slipway-proof: ${proof}`];
    const args = ['-sk', '--http1.1', '--max-time', '5', ...head, '-D', '-', '--data-binary', '', `${url}${path}`];
    const { stdout } = await promisify(execFile)('curl', args);
    return Buffer.from(/slipway-error: (\S+)/.exec(stdout)?.[1] ?? '', 'base64').toString() || stdout;
  };

  test('is refused when it is shown again, also to a head office that was started anew since', async () => {
    const first = await startHub();
    const { pki } = first;
    const asked = { path, nonce: systemRandom.bytes(16), body: new Uint8Array() };
    const proof = proveRequest(asked, Date.now(), await pki.site('store-1'));
    expect(await curl(first.url, proof)).toContain('HTTP/1.1 200');
    expect(await curl(first.url, proof)).toContain('replayed');
    await first.server.close(0);
    const second = await startHub({ pki });
    expect(await curl(second.url, proof)).toContain('replayed');
    expect(await renew(second)).toBe('store-1');
  });

  test('counts for no other call', async () => {
    const hub = await startHub();
    const asked = { path: METHODS.hello.path, nonce: systemRandom.bytes(16), body: new Uint8Array() };
    const proof = proveRequest(asked, Date.now(), await hub.pki.site('store-1'));
    expect(await curl(hub.url, proof)).toContain('signature-wrong');
  });
});

describe('a head office that answers nonsense', () => {
  /** Speaks TLS as head office, and then says this. */
  async function startNonsense(
    protocols: string[],
    say: (socket: TLSSocket) => void,
  ): Promise<Pick<TestHub, 'url' | 'pki'>> {
    const pki = await makePki();
    const { chain, privateKey } = await pki.server();
    const server = createServer(
      { cert: chain.map(pem).join(''), key: privateKey, ALPNProtocols: protocols },
      (socket) => {
        open.add(socket.on('error', () => undefined));
        say(socket);
      },
    );
    const open = new Set<TLSSocket>();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
    const bound = server.address();
    return { pki, url: `https://localhost:${typeof bound === 'object' ? bound?.port : 0}` };
  }
  const HTTP = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n';
  const endless = (socket: TLSSocket, part: Buffer): void => {
    const more = () => socket.writable && socket.write(part, () => setImmediate(more));
    more();
  };
  const says = (text: string) => (socket: TLSSocket) => void socket.write(text);

  test.each<[string, string[], (socket: TLSSocket) => void]>([
    ['bytes that are no HTTP', ['http/1.1'], (socket) => void socket.write(systemRandom.bytes(4_000))],
    ['bytes that are no HTTP/2', ['h2'], (socket) => void socket.write(systemRandom.bytes(4_000))],
    ['an answer without a signature', ['http/1.1'], says(`${HTTP}content-length: 2\r\n\r\n\n\0`)],
    ['a signature that is none', ['http/1.1'], says(`${HTTP}slipway-proof: AAAA\r\ncontent-length: 0\r\n\r\n`)],
    [
      'a refusal that is none',
      ['http/1.1'],
      says('HTTP/1.1 503 x\r\nslipway-error: ////\r\ncontent-length: 0\r\n\r\n'),
    ],
    [
      'a head without an end',
      ['http/1.1'],
      (socket) => endless(socket, Buffer.from(`${HTTP}x: ${'y'.repeat(9_000)}\r\n`)),
    ],
    [
      'a body without an end',
      ['http/1.1'],
      (socket) => {
        socket.write(`${HTTP}transfer-encoding: chunked\r\n\r\n`);
        endless(socket, Buffer.from(`10000\r\n${'y'.repeat(65_536)}\r\n`));
      },
    ],
    [
      'a body of one byte in a while',
      ['http/1.1'],
      (socket) => {
        socket.write(`${HTTP}content-length: 1000\r\n\r\n`);
        const drip = setInterval(() => socket.write('y'), 50);
        socket.once('close', () => clearInterval(drip));
      },
    ],
  ])('is not believed and not waited for: %s', async (_what, protocols, say) => {
    const hub = await startNonsense(protocols, say);
    const began = performance.now();
    const failure = await renew(hub, 1_500).then(
      () => 'believed',
      (error: { code?: string }) => error.code,
    );
    expect(['hub-unreachable', 'hub-unproven']).toContain(failure);
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
