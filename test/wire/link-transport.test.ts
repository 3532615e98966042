import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLinkClient, type LinkClientParts } from '../../src/adapters/link/link-client.ts';
import { proveRequest } from '../../src/adapters/link/proofs.ts';
import { reach } from '../../src/adapters/link/reach.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { ReportResponse } from '../../src/wire/link/gen/link.ts';
import { makePki, pem, startLinkHub, type TestHub, timeOf } from '../support/link-hub.ts';
import { startConnectProxy, startTlsProxy } from '../support/tls-proxy.ts';

const DAY_MS = 86_400_000;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ends.splice(0).reverse()) await end();
});

async function startHub(...given: Parameters<typeof startLinkHub>): Promise<TestHub> {
  const hub = await startLinkHub(...given);
  ends.push(() => hub.server.close(50));
  return hub;
}

async function startProxy(...given: Parameters<typeof startTlsProxy>) {
  const proxy = await startTlsProxy(...given);
  ends.push(() => proxy.close());
  return proxy;
}

async function startForward(...given: Parameters<typeof startConnectProxy>) {
  const proxy = await startConnectProxy(...given);
  ends.push(() => proxy.close());
  return proxy;
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
const askTime = (client: Client) => client.call('getTime', { nonce: systemRandom.bytes(16) }, soon);
const renew = (client: Client, options = soon) => client.call('renew', { csr: new Uint8Array() }, options);
const report = (client: Client) => client.call('report', { session: 's', items: [], limits: undefined }, soon);
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

describe('both transports', () => {
  test('a call goes by gRPC, and the answer counts', async () => {
    const hub = await startHub(handlers);
    const client = await clientOf(hub);
    expect(Math.abs(Number((await askTime(client)).timeMs) - Date.now())).toBeLessThan(2_000);
    expect(await callerOf(client)).toMatchObject({ site: 'store-1', throughProxy: false });
    expect(hub.server.counters()).toMatchObject({ grpc: 1, twin: 0, connections: 1 });
  });

  test('where a proxy lets HTTP/1.1 through alone, the twin carries the same calls, and the root of the proxy is enough for TLS', async () => {
    const hub = await startHub(handlers);
    const firm = await makePki('inspector');
    const inspect = { shows: await firm.server(), protocols: ['http/1.1'] };
    const { url } = await startProxy(hub.port, { inspect });
    const client = await clientOf({ url, pki: hub.pki }, { inspectionCa: pem(firm.root) });
    expect(await callerOf(client)).toMatchObject({ site: 'store-1', throughProxy: true });
    expect(hub.server.counters()).toMatchObject({ grpc: 0, twin: 1 });
  });

  test('a proxy that opens TLS and speaks HTTP/2 is passed by gRPC', async () => {
    const hub = await startHub(handlers);
    const firm = await makePki('inspector');
    const { url } = await startProxy(hub.port, { inspect: { shows: await firm.server(), protocols: ['h2'] } });
    const client = await clientOf({ url, pki: hub.pki }, { inspectionCa: pem(firm.root) });
    expect(await callerOf(client)).toMatchObject({ throughProxy: true });
    expect(hub.server.counters()).toMatchObject({ grpc: 1, twin: 0 });
  });

  test.each([
    ['gRPC', 'h2', { grpc: 1, twin: 0 }],
    ['the twin', 'http/1.1', { grpc: 0, twin: 1 }],
  ])('%s goes through a proxy that the environment names, with its login', async (_way, protocol, counters) => {
    const hub = await startHub(handlers);
    const firm = await makePki('inspector');
    const { url } = await startProxy(hub.port, { inspect: { shows: await firm.server(), protocols: [protocol] } });
    const forward = await startForward();
    const env = { https_proxy: `http://store:s%20p@127.0.0.1:${forward.port}` };
    vi.stubEnv('https_proxy', env.https_proxy);
    const client = await clientOf({ url, pki: hub.pki }, { inspectionCa: pem(firm.root), env });
    expect(await callerOf(client)).toMatchObject({ site: 'store-1', throughProxy: true });
    expect(hub.server.counters()).toMatchObject(counters);
    const login = `Basic ${Buffer.from('store:s p').toString('base64')}`;
    expect(new Set(forward.asked.map((one) => one.to))).toEqual(new Set([new URL(url).host]));
    expect(forward.asked.at(-1)?.login).toBe(login);
  });

  test('the doorbell rings', async () => {
    const hub = await startHub(handlers);
    const client = await clientOf(hub);
    const rung = new Promise<void>((resolve) => ends.push(client.onDoorbell(resolve)));
    const again = setInterval(() => hub.bell.ring('store-1'), 20);
    await rung;
    clearInterval(again);
  });
});

describe('refused, with the reason that names the cause', () => {
  test.each([
    ['an expired certificate', -100, -10, 'certificate-expired'],
    ['one that begins in the future', 10, 100, 'certificate-not-yet'],
  ])('%s', async (_what, from, to, reason) => {
    const hub = await startHub(handlers);
    const now = Date.now();
    const identity = await hub.pki.site('store-1', { notBefore: now + from * DAY_MS, notAfter: now + to * DAY_MS });
    await expect(renew(await clientOf(hub, { identity: () => identity }))).rejects.toMatchObject({ reason });
  });

  test('a certificate of another head office', async () => {
    const hub = await startHub(handlers);
    const foreign = await (await makePki('other')).site('store-1');
    const failure = renew(await clientOf(hub, { identity: () => foreign }));
    await expect(failure).rejects.toMatchObject({ reason: 'certificate-foreign' });
  });

  test('a certificate that was copied without its key', async () => {
    const hub = await startHub(handlers);
    const [own, thief] = [await hub.pki.site('store-1'), await hub.pki.site('store-2')];
    const copied = { chain: own.chain, privateKey: thief.privateKey };
    const path = '/slipway.link.v1.SiteLink/Renew';
    const proof = proveRequest({ path, nonce: systemRandom.bytes(16), body: new Uint8Array() }, Date.now(), copied);
    const { stdout } = await curl(...POST, '-H', `slipway-proof: ${proof}`, `${hub.url}${path}`);
    expect(refusalIn(stdout)).toContain('signature-wrong');
  });

  test.each([
    ['1970', -Date.now()],
    ['2038', Date.UTC(2038, 0, 1) - Date.now()],
  ])('a clock in %s, and the right time is told', async (_year, shiftMs) => {
    const hub = await startHub(handlers);
    const client = await clientOf(hub, { time: timeOf(shiftMs, 'machine') });
    const skewed = await renew(client).catch((error: unknown) => error);
    expect(skewed).toMatchObject({ reason: 'clock-skew' });
    expect(Math.abs((skewed as { hubTimeMs: number }).hubTimeMs - Date.now())).toBeLessThan(5_000);
    expect(Math.abs(Number((await askTime(client)).timeMs) - Date.now())).toBeLessThan(5_000);
  });

  test('a failure of head office itself is "busy" and says nothing more', async () => {
    const hub = await startHub({ renew: () => Promise.reject(new Error('a secret of the hub')) });
    const failure = await renew(await clientOf(hub)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: 'busy' });
    expect(String(failure)).not.toContain('secret');
  });
});

describe('not believed', () => {
  test('TLS of another root: nothing is said to it', async () => {
    const hub = await startHub(handlers);
    const firm = await makePki('stranger');
    const { url } = await startProxy(hub.port, {
      inspect: { shows: await firm.server(), protocols: ['h2', 'http/1.1'] },
    });
    await expect(renew(await clientOf({ url, pki: hub.pki }))).rejects.toMatchObject({
      message: expect.stringContaining('issued by CN=stranger'),
    });
    expect(hub.server.counters()).toMatchObject({ grpc: 0, twin: 0 });
  });

  test('TLS that is over', async () => {
    const pki = await makePki();
    const past = { notBefore: Date.now() - 9 * DAY_MS, notAfter: Date.now() - DAY_MS };
    const hub = await startHub(handlers, { pki, tls: await pki.server(past) });
    await expect(renew(await clientOf(hub))).rejects.toMatchObject({
      message: expect.stringContaining('is good from'),
    });
  });

  test('TLS for another name', async () => {
    const pki = await makePki();
    const hub = await startHub(handlers, { pki, tls: await pki.server(undefined, ['elsewhere.example']) });
    await expect(renew(await clientOf(hub))).rejects.toMatchObject({ code: 'hub-untrusted' });
  });

  test('an answer signed under another root, behind a proxy that TLS trusts', async () => {
    const [pki, firm] = [await makePki(), await makePki('inspector')];
    const hub = await startHub(handlers, { pki, signer: await firm.signer(), tls: await firm.server() });
    const client = await clientOf(hub, { inspectionCa: pem(firm.root) });
    await expect(renew(client)).rejects.toMatchObject({
      code: 'hub-unproven',
      message: expect.stringContaining('signed under another root'),
    });
  });

  test('a forged acknowledgement, changed on the way by who opens TLS', async () => {
    const acked = (through: bigint) => ({
      epoch: 'e',
      ackedThrough: through,
      rejected: [],
      conflict: undefined,
      limits: undefined,
    });
    const [real, forged] = [7n, 99n].map((through) => Buffer.from(ReportResponse.encode(acked(through)).finish()));
    const hub = await startHub({ report: async () => acked(7n) });
    const firm = await makePki('inspector');
    const forge = (chunk: Buffer) => {
      const at = chunk.indexOf(real ?? '');
      return at < 0
        ? chunk
        : Buffer.concat([chunk.subarray(0, at), forged ?? Buffer.of(), chunk.subarray(at + (real?.length ?? 0))]);
    };
    for (const protocols of [['h2'], ['http/1.1']]) {
      const { url } = await startProxy(hub.port, { inspect: { shows: await firm.server(), protocols }, forge });
      const client = await clientOf({ url, pki: hub.pki }, { inspectionCa: pem(firm.root) });
      await expect(report(client)).rejects.toMatchObject({
        code: 'hub-unproven',
        message: expect.stringContaining('over another answer'),
      });
    }
  });
});

describe('not reached, in words for a store', () => {
  test.each([
    ['nothing listens', 'https://localhost:1', 'nothing listens at this port'],
    ['no such name', 'https://nowhere.invalid:8443', /no name server/],
  ])('%s', async (_what, url, words) => {
    const pki = await makePki();
    await expect(renew(await clientOf({ url, pki }))).rejects.toMatchObject({
      code: 'hub-unreachable',
      message: expect.stringMatching(words),
    });
  });

  test('a proxy that wants another login, and one that swallows what it is asked', async () => {
    const target = { host: 'localhost', port: 1 };
    const proxyOf = (port: number) => ({ host: '127.0.0.1', port, authorization: undefined });
    const refusing = await startForward(407);
    await expect(reach(target, proxyOf(refusing.port))).rejects.toMatchObject({
      ...{ code: 'hub-unreachable', message: expect.stringContaining('does not let this through (status 407)') },
    });
    const silent = await startForward('silence');
    await expect(reach(target, proxyOf(silent.port), 200)).rejects.toMatchObject({
      ...{ code: 'hub-unreachable', message: expect.stringContaining('leads nowhere') },
    });
    await expect.poll(() => silent.open()).toBe(0);
  });

  test('a peer that froze: no answer in so many seconds', async () => {
    const hub = await startHub(handlers);
    const proxy = await startProxy(hub.port);
    const client = await clientOf({ url: proxy.url, pki: hub.pki });
    await renew(client);
    proxy.freeze();
    const began = performance.now();
    await expect(renew(client, { deadlineMs: 700 })).rejects.toMatchObject({ code: 'hub-unreachable' });
    await expect(renew(client, { deadlineMs: 700 })).rejects.toMatchObject({
      message: expect.stringContaining('no answer in'),
    });
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('a connection that is cut at any byte rejects, and the next one works', async () => {
    const hub = await startHub(handlers);
    for (const resetAfterBytes of [0, 100, 700, 1_500, 2_500]) {
      const { url } = await startProxy(hub.port, { resetAfterBytes });
      await expect(renew(await clientOf({ url, pki: hub.pki }))).rejects.toMatchObject({ code: 'hub-unreachable' });
    }
    expect(await callerOf(await clientOf(hub))).toMatchObject({ site: 'store-1' });
  });

  test('a hub that was restarted is found again by the same client', async () => {
    const pki = await makePki();
    const first = await startLinkHub(handlers, { pki });
    const client = await clientOf(first);
    await renew(client);
    await first.server.close(0);
    await expect(renew(client)).rejects.toMatchObject({ code: 'hub-unreachable' });
    const second = await startHub(handlers, { pki, port: first.port });
    expect(await callerOf(client)).toMatchObject({ site: 'store-1' });
    expect(second.server.counters()['connections']).toBeGreaterThan(0);
  });
});
