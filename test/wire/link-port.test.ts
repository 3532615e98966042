import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { createLinkClient, type LinkClientParts } from '../../src/adapters/link/link-client.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { makePki, pem, startLinkHub, type TestHub, timeOf } from '../support/link-hub.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function startHub(...given: Parameters<typeof startLinkHub>): Promise<TestHub> {
  const hub = await startLinkHub(...given);
  ends.push(() => hub.server.close(50));
  return hub;
}

async function clientOf({ url, pki }: Pick<TestHub, 'url' | 'pki'>, more: Partial<LinkClientParts> = {}) {
  const identity = await pki.site('store-1');
  const client = createLinkClient({
    ...{ url, identity: () => identity, roots: () => [pki.root], time: timeOf() },
    ...{ random: systemRandom, env: {}, ...more },
  });
  ends.push(() => client.close());
  return client;
}
type Client = Awaited<ReturnType<typeof clientOf>>;

const soon = { deadlineMs: 5_000 };
const renew = (client: Client, options = soon) => client.call('renew', { csr: new Uint8Array() }, options);
/** Tells who called. */
const handlers: Parameters<typeof startLinkHub>[0] = {
  renew: async (caller) => ({ certificateChain: [Buffer.from(JSON.stringify(caller))], trust: undefined }),
};
async function callerOf(client: Client): Promise<unknown> {
  const { certificateChain } = await renew(client);
  return JSON.parse(Buffer.from(certificateChain[0] ?? []).toString());
}

const curl = (...args: string[]) => promisify(execFile)('curl', ['-sk', '--http1.1', '--max-time', '5', ...args]);
/** Of a call without a body; the headers of the answer are printed. */
const POST = ['-H', 'content-type: application/x-protobuf', '-D', '-', '--data-binary', ''];
const refusalIn = (printed: string): string =>
  Buffer.from(/slipway-error: (\S+)/.exec(printed)?.[1] ?? '', 'base64').toString();

describe('the port', () => {
  test('connections above the bound of handshakes are sent away before TLS, and the port is free again after them', async () => {
    const hub = await startHub(handlers, { limits: { handshakes: 8 } });
    const knocks = Array.from({ length: 300 }, () => connect({ host: '127.0.0.1', port: hub.port }));
    ends.push(() => knocks.forEach((socket) => void socket.destroy()));
    const away = knocks.map((socket) => new Promise((resolve) => socket.once('error', resolve)));
    await expect.poll(() => hub.server.counters()).toMatchObject({ 'turned-away': 292, handshakes: 8 });
    expect(await Promise.race(away)).toMatchObject({ code: 'ECONNRESET' });
    for (const socket of knocks) socket.destroy();
    await expect.poll(() => hub.server.counters()).toMatchObject({ handshakes: 0, connections: 0 });
    expect(await callerOf(await clientOf(hub))).toMatchObject({ site: 'store-1' });
  });

  test('silent connections of one address leave room for others', async () => {
    const hub = await startHub(handlers, { limits: { handshakes: 100, handshakesPerAddress: 5 } });
    const knocks = Array.from({ length: 20 }, () => connect({ host: '127.0.0.1', port: hub.port }));
    for (const socket of knocks) socket.on('error', () => undefined);
    ends.push(() => knocks.forEach((socket) => void socket.destroy()));
    await expect.poll(() => hub.server.counters()).toMatchObject({ 'turned-away': 15, handshakes: 5 });
    const other = connect({ host: '127.0.0.1', port: hub.port, localAddress: '127.0.0.2' });
    ends.push(() => other.destroy());
    await expect.poll(() => hub.server.counters()['handshakes']).toBe(6);
  });

  test('connections that are gone are forgotten', async () => {
    const hub = await startHub(handlers);
    const client = await clientOf(hub);
    await renew(client);
    await client.close();
    await expect.poll(() => hub.server.counters()['connections']).toBe(0);
  });

  test('curl hears of readiness over the twin, and is refused with a reason', async () => {
    let isReady = true;
    const hub = await startHub(handlers, { isReady: async () => isReady });
    expect((await curl(`${hub.url}/readyz`)).stdout).toBe('ready\n');
    isReady = false;
    expect((await curl('-w', '%{http_code}', `${hub.url}/readyz`)).stdout).toBe('the database cannot be written\n503');
    const { stdout } = await curl(...POST, `${hub.url}/slipway.link.v1.SiteLink/Renew`);
    expect(stdout).toContain('HTTP/1.1 401');
    expect(refusalIn(stdout)).toContain('certificate-missing');
  });

  test('a new certificate is shown without a restart', async () => {
    const hub = await startHub(handlers);
    const next = await makePki('next');
    const tls = await next.server();
    hub.server.setTls({ chain: tls.chain.map(pem).join(''), privateKey: tls.privateKey });
    await expect(renew(await clientOf(hub))).rejects.toMatchObject({ message: expect.stringContaining('CN=next') });
  });

  test('a request that is shown a second time is refused as replayed', async () => {
    const hub = await startHub(handlers);
    const always = { ...systemRandom, bytes: (count: number) => new Uint8Array(count).fill(7) };
    const client = await clientOf(hub, { random: always });
    await renew(client);
    await expect(renew(client)).rejects.toMatchObject({ reason: 'replayed' });
  });
});
