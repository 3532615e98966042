import { afterEach, expect, test } from 'vitest';
import { createLinkClient } from '../../src/adapters/link/link-client.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { type Pki, startLinkHub, type TestHub, timeOf } from '../support/link-hub.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function startHub(...given: Parameters<typeof startLinkHub>): Promise<TestHub> {
  const hub = await startLinkHub(...given);
  ends.push(() => hub.server.close(50));
  return hub;
}

async function clientOf(hub: { url: string; pki: Pki }, more: Partial<Parameters<typeof createLinkClient>[0]> = {}) {
  const identity = await hub.pki.site('store-1');
  const client = createLinkClient({
    ...{ url: hub.url, identity: () => identity, roots: () => [hub.pki.root], time: timeOf() },
    ...{ random: systemRandom, env: {}, ...more },
  });
  ends.push(() => client.close());
  return client;
}

test('a call goes by gRPC, and the answer counts', async () => {
  const hub = await startHub({
    renew: async (caller) => ({ certificateChain: [Buffer.from(JSON.stringify(caller))], trust: undefined }),
  });
  const client = await clientOf(hub);
  const time = await client.call('getTime', { nonce: systemRandom.bytes(16) }, { deadlineMs: 5_000 });
  expect(Math.abs(Number(time.timeMs) - Date.now())).toBeLessThan(2_000);
  const renewed = await client.call('renew', { csr: new Uint8Array() }, { deadlineMs: 5_000 });
  expect(JSON.parse(Buffer.from(renewed.certificateChain[0] ?? []).toString())).toMatchObject({
    site: 'store-1',
    throughProxy: false,
  });
  expect(hub.server.counters()).toMatchObject({ grpc: 1, twin: 0, connections: 1 });
});
