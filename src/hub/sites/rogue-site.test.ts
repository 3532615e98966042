import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { eventItem, helloOf, STORE_1, sampleSites } from '../../../test/support/sample-hub.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import type { HelloRequest, Item } from '../../wire/link/gen/link.ts';

const signal = new AbortController().signal;
const opened: HubStore[] = [];

async function setUp() {
  const store = await openHubStore(':memory:');
  opened.push(store);
  const { sites, clock } = await sampleSites(store);
  let counter = 0n;
  return {
    ...{ store, clock },
    hello: (more: Partial<HelloRequest> = {}) => sites.handlers.hello(STORE_1, helloOf('s1', more), signal),
    report: (items: Item[]) => sites.handlers.report(STORE_1, { session: 's1', items, limits: undefined }, signal),
    putState: (values: Readonly<Record<string, string>>) => {
      counter += 1n;
      const entries = Object.entries(values).map(([key, text]) => ({
        key,
        digest: createHash('sha256').update(text).digest(),
        value: Buffer.from(text),
      }));
      return sites.handlers.putState(STORE_1, { session: 's1', counter, entries }, signal);
    },
    site: async () => (await store.read((tx) => tx.get('sites', 'store-1'))) ?? expect.fail('it is there'),
    bytes: async (table: 'sites' | 'sessions' | 'states') =>
      JSON.stringify(await store.read((tx) => tx.list(table))).length,
  };
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

describe('a site that was taken over', () => {
  test('fills no row of head office with what it says of its box', async () => {
    const { hello, bytes } = await setUp();
    const long = 'x'.repeat(1_000_000);
    const hardware = { machineId: long, manufacturer: long, product: long, serial: long };
    await hello({ version: long, capabilities: Array(50_000).fill('revision/v1'), hardware });
    await hello({ capabilities: [long] });
    expect(await bytes('sites')).toBeLessThan(20_000);
    expect(await bytes('sessions')).toBeLessThan(20_000);
  });

  test.each([2n ** 64n - 1n, 2n ** 53n, 2n ** 50n])(
    'cannot say a number behind which there is none: %s',
    async (number) => {
      const { hello } = await setUp();
      await expect(hello({ highestNumber: number })).rejects.toMatchObject({ reason: 'request-malformed' });
      await expect(hello({ confirmedNumber: number })).rejects.toMatchObject({ reason: 'request-malformed' });
    },
  );

  test('has events at times that are times', async () => {
    const { hello, report, store } = await setUp();
    await hello();
    const item = eventItem(1);
    if (item.event) item.event.atMs = 2n ** 53n - 1n;
    expect((await report([item])).rejected).toMatchObject([{ seq: 1n, because: 'its time is no time' }]);
    expect(await store.read((tx) => tx.events({ limit: 9 }))).toEqual([]);
  });

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"\\"[":', '}]'],
  ])('says nothing that goes deep by %s', async (open, close) => {
    const { hello, report, putState, store } = await setUp();
    await hello();
    const deep = `{"x":${open.repeat(5_000)}1${close.repeat(5_000)}}`;
    const flat = JSON.stringify({ x: Array(5_000).fill({ y: '[[[["{' }) });
    expect(JSON.parse(deep)).toHaveProperty('x');
    const { rejected, ackedThrough } = await report([eventItem(1, { data: deep }), eventItem(2, { data: flat })]);
    expect([rejected[0]?.because, ackedThrough]).toEqual(['its data is too deep', 2n]);
    expect(await putState({ 'slots/deep': deep, site: flat })).toEqual({ missing: [] });
    expect((await store.read((tx) => tx.list('states'))).map(({ key }) => key)).toEqual(['store-1/site']);
  });

  test('says so much of its state and no more, and the rest of it still counts', async () => {
    const { hello, putState, bytes, store } = await setUp();
    await hello();
    const big = JSON.stringify('y'.repeat(200_000));
    const flood = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`slots/${i}`, big.replace('y', String(i % 10))]),
    );
    expect(await putState({ ...flood, zz: '1' })).toEqual({ missing: [] });
    expect(await bytes('states')).toBeLessThan(5_000_000);
    expect(await store.read((tx) => tx.get('states', 'store-1/zz'))).toMatchObject({ value: '1' });
    expect((await hello({ fresh: true })).takeOver.length).toBeGreaterThan(5);
  });

  test.each(['NUL \0 in it', "'; DROP TABLE events; --", '%_%', '\ud83d\ude80 \u202e', '"\\', ''])(
    'says %j, and has said the same when it says it again',
    async (sentence) => {
      const { hello, report, store, putState } = await setUp();
      await hello();
      const item = eventItem(1, { sentence, data: JSON.stringify({ [sentence]: sentence }) });
      if (item.event) Object.assign(item.event, { slot: sentence, machine: sentence });
      await report([item]);
      expect(await report([item, eventItem(2)])).toMatchObject({ ackedThrough: 2n, conflict: undefined });
      expect(await store.read((tx) => tx.events({ limit: 9 }))).toMatchObject([{ sentence }, { seq: 2 }]);
      await putState({ [`slots/${sentence}`]: '{}' });
      await putState({ site: '{}' });
      expect((await store.read((tx) => tx.list('states'))).map(({ key }) => key)).toEqual(['store-1/site']);
    },
  );
});
