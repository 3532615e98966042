import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { eventItem, gapItem, helloOf, STORE_1, sampleSites } from '../../../test/support/sample-hub.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import type { Item, StateEntry } from '../../wire/link/gen/link.ts';
import type { Sites } from './sites.ts';

const signal = new AbortController().signal;
const opened: HubStore[] = [];

async function setUp() {
  const store = await openHubStore(':memory:');
  opened.push(store);
  const room = await sampleSites(store);
  const hello = (session: string, more = {}) => room.sites.handlers.hello(STORE_1, helloOf(session, more), signal);
  const report = (items: Item[], session = 's1') =>
    room.sites.handlers.report(STORE_1, { session, items, limits: undefined }, signal);
  const events = () => store.read((tx) => tx.events({ limit: 1_000 }));
  return { ...room, store, hello, report, events };
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

describe('events of sites', () => {
  it('are kept in their order, each once, and acknowledged when they are on disk', async () => {
    const { hello, report, events, store } = await setUp();
    expect((await hello('s1')).ackedThrough).toBe(0n);
    expect(await report([eventItem(1), eventItem(2)])).toMatchObject({ epoch: 'e1', ackedThrough: 2n, rejected: [] });
    expect(await report([eventItem(1), eventItem(2), eventItem(3)])).toMatchObject({ ackedThrough: 3n });
    expect((await events()).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await store.read((tx) => tx.countEvents({ types: ['node-enrolled'] }))).toBe(3);
    expect((await hello('s1')).ackedThrough).toBe(3n);
    expect((await hello('s1', { eventEpoch: 'e2' })).ackedThrough).toBe(0n);
  });

  it('are not taken behind a hole, unless the site says what it is', async () => {
    const { hello, report, events } = await setUp();
    await hello('s1');
    expect((await report([eventItem(1), eventItem(3)])).ackedThrough).toBe(1n);
    expect((await report([gapItem(1, 4), eventItem(5)])).ackedThrough).toBe(5n);
    expect((await events()).map(({ seq, type, through }) => [seq, type, through])).toEqual([
      [1, 'node-enrolled', undefined],
      [2, 'gap', 4],
      [5, 'node-enrolled', undefined],
    ]);
  });

  it('begin where their numbering does, without a gap', async () => {
    const { hello, report, events } = await setUp();
    await hello('s1');
    expect((await report([gapItem(1, 100, 0), eventItem(101)])).ackedThrough).toBe(101n);
    expect((await events()).map(({ seq }) => seq)).toEqual([101]);
  });

  it('that have the number of another one take nothing with them', async () => {
    const { hello, report, events } = await setUp();
    await hello('s1');
    await report([eventItem(1), eventItem(2), eventItem(3)]);
    const other = [
      eventItem(1),
      eventItem(2, { sentence: 'another' }),
      eventItem(3, { sentence: 'too' }),
      eventItem(4),
    ];
    expect(await report(other)).toMatchObject({ ackedThrough: 3n, conflict: { epoch: 'e1', seq: 2n } });
    expect((await events()).map(({ sentence }) => sentence)).toEqual(['event 1', 'event 2', 'event 3']);
  });

  it('that can never be kept are put aside, and keep nothing back', async () => {
    const { hello, report, events, store } = await setUp();
    await hello('s1');
    const items: Item[] = [
      eventItem(1, { data: '{"half' }),
      { epoch: 'e1', seq: 2n },
      eventItem(3, { type: 'gap' }),
      eventItem(4, { data: JSON.stringify({ x: 'y'.repeat(300_000) }) }),
      eventItem(5, { data: '{"fine":true}' }),
    ];
    const answer = await report(items);
    expect(answer.ackedThrough).toBe(5n);
    expect(answer.rejected.map(({ seq, because }) => [seq, because])).toEqual([
      [1n, 'its data is no JSON object'],
      [2n, 'neither an event nor a gap: of a newer kind than this head office'],
      [3n, 'its type is no name of an event'],
      [4n, 'its data is longer than 262144 characters'],
    ]);
    expect((await events()).map(({ seq }) => seq)).toEqual([5]);
    const letters = await store.read((tx) => tx.list('deadLetters', { prefix: 'store-1/' }));
    expect(letters.map(({ row }) => row.seq)).toEqual([1, 2, 3, 4]);
    await report(items);
    expect(await events()).toHaveLength(1);
  });

  it('put aside are bounded: the oldest go', async () => {
    const { hello, report, store } = await setUp();
    await hello('s1');
    for (let at = 0; at < 600; at += 200)
      await report(Array.from({ length: 200 }, (_, i) => eventItem(at + i + 1, { data: 'no' })));
    const letters = await store.read((tx) => tx.list('deadLetters'));
    expect(letters).toHaveLength(100);
    expect(Math.min(...letters.map(({ row }) => row.seq))).toBe(501);
    expect(Math.max(...letters.map(({ row }) => row.bytes.length))).toBeLessThan(22_000);
  });

  it('of a site that does not wait when it is told to are turned away for a while', async () => {
    const { hello, report, clock } = await setUp();
    await hello('s1');
    const batch = Array.from({ length: 2_000 }, () => eventItem(1));
    const pauses: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) pauses.push((await report(batch)).limits?.pauseMs);
    expect(pauses).toEqual([0, 0, 50_000, 60_000, 60_000]);
    await expect(report(batch)).rejects.toMatchObject({ reason: 'busy', pauseMs: 30_000 });
    clock.pass(600_000);
    expect((await report(batch)).limits?.pauseMs).toBe(0);
  });
});

describe('boxes of a site', () => {
  const standings = async (store: HubStore) =>
    (await store.read((tx) => tx.list('sessions'))).map(({ row }) => [row.session, row.standing]);

  it('with the newest ratchet are the same one, started again', async () => {
    const { hello, report, store } = await setUp();
    const { ratchet } = await hello('s1');
    await report([eventItem(1)]);
    expect((await hello('s2', { ratchet })).quarantinedBecause).toBe('');
    await expect(report([eventItem(2)])).rejects.toMatchObject({ reason: 'hello-first' });
    expect((await report([eventItem(2)], 's2')).ackedThrough).toBe(2n);
    expect(await standings(store)).toEqual([
      ['s1', 'past'],
      ['s2', 'current'],
    ]);
  });

  it('may bring the ratchet before, as long as the new one was never used', async () => {
    const { hello, report } = await setUp();
    const first = await hello('s1');
    await report([eventItem(1)]);
    await hello('s2', { ratchet: first.ratchet });
    expect((await hello('s3', { ratchet: first.ratchet })).quarantinedBecause).toBe('');
  });

  it('that come beside one that speaks stand aside, until that one is silent', async () => {
    const { hello, report, store, clock } = await setUp();
    const { ratchet } = await hello('s1');
    await report([eventItem(1)]);
    await hello('s1', { ratchet });
    await report([eventItem(2)]);
    expect((await hello('copy', { ratchet })).quarantinedBecause).toContain('one of the two is a copy');
    await expect(report([eventItem(3)], 'copy')).rejects.toMatchObject({ reason: 'hello-first' });
    expect(await standings(store)).toEqual([
      ['copy', 'quarantined'],
      ['s1', 'current'],
    ]);
    clock.pass(179_000);
    expect((await hello('copy', { ratchet })).quarantinedBecause).not.toBe('');
    clock.pass(1_000);
    expect((await hello('copy', { ratchet })).quarantinedBecause).toBe('');
    expect(await standings(store)).toEqual([
      ['copy', 'current'],
      ['s1', 'past'],
    ]);
  });

  it('that stand aside are forgotten when there are many of them', async () => {
    const { hello, report, store } = await setUp();
    await hello('s1');
    await report([eventItem(1)]);
    for (let copy = 0; copy < 25; copy++) await hello(`copy-${copy}`);
    const sessions = await standings(store);
    expect(sessions.length).toBeLessThanOrEqual(22);
    expect(sessions).toContainEqual(['s1', 'current']);
  });

  it('do not count as silent while head office itself was away', async () => {
    const { hello, report, store, clock } = await setUp();
    await hello('s1');
    await report([eventItem(1)]);
    clock.pass(3_600_000);
    const again = await sampleSites(store, clock);
    const copy = await again.sites.handlers.hello(STORE_1, helloOf('copy'), signal);
    expect(copy.quarantinedBecause).not.toBe('');
  });

  it('that were invited for it take the place of another one at once', async () => {
    const { hello, report, store, sites } = await setUp();
    await hello('s1');
    await report([eventItem(1)]);
    await store.work(async (tx) => {
      const dates = { notBefore: 0, notAfter: 9e15, issuedAt: 9e14 };
      const row = { site: 'store-1', serial: '02', keyDigest: 'aa' as never, ...dates, how: 'enroll' } as const;
      await tx.put('certificates', 'store-1/02', row);
    });
    const answer = await sites.handlers.hello({ ...STORE_1, serial: '02' }, helloOf('new', { fresh: true }), signal);
    expect(answer.quarantinedBecause).toBe('');
    expect(await standings(store)).toEqual([
      ['new', 'current'],
      ['s1', 'past'],
    ]);
  });

  it('of an unknown or a closed site are refused', async () => {
    const { sites, store } = await setUp();
    const stranger = { ...STORE_1, site: 'store-9' };
    await expect(sites.handlers.hello(stranger, helloOf('s'), signal)).rejects.toMatchObject({
      reason: 'site-unknown',
    });
    await store.work(async (tx) => {
      const row = await tx.get('sites', 'store-1');
      if (row) await tx.put('sites', 'store-1', { ...row, state: 'retired' });
    });
    await expect(sites.handlers.hello(STORE_1, helloOf('s'), signal)).rejects.toMatchObject({ reason: 'site-retired' });
  });

  it('are heard with each call, and the site with them', async () => {
    const { hello, sites, store, clock } = await setUp();
    await hello('s1', { version: '1.2.3', clockOffsetMs: -5n });
    clock.pass(30_000);
    await sites.admit(STORE_1, 's1');
    const site = await store.read((tx) => tx.get('sites', 'store-1'));
    expect(site).toMatchObject({ state: 'enrolled', version: '1.2.3', clockOffsetMs: -5, lastHeardAt: clock.now() });
    await expect(sites.admit(STORE_1, 's0')).rejects.toMatchObject({ reason: 'hello-first' });
  });
});

describe('a box that is connected', () => {
  const wants = ({ sites, store }: { sites: Sites; store: HubStore }, session = 's1') =>
    store.read((tx) => sites.wantsHello(tx, STORE_1, session));

  it('says Hello once more when there are newer release keys, and is given them once', async () => {
    const room = await setUp();
    expect((await room.hello('s1')).trust).toBeUndefined();
    expect(await wants(room)).toBe(false);
    room.keys.version = 2;
    expect(await wants(room)).toBe(true);
    expect((await room.hello('s1', { keySetVersion: 0 })).trust).toEqual({ roots: [], keySets: [] });
    // Also if it does not take them: asked again and again it would take them no more.
    expect(await wants(room)).toBe(false);
    expect((await room.hello('s1', { keySetVersion: 2 })).trust).toBeUndefined();
  });

  it('says it once more when what it said is old, or when another one speaks now', async () => {
    const room = await setUp();
    const { ratchet } = await room.hello('s1');
    room.clock.pass(6 * 3_600_000 - 1);
    expect(await wants(room)).toBe(false);
    room.clock.pass(1);
    expect(await wants(room)).toBe(true);
    await room.hello('s2', { ratchet });
    expect([await wants(room), await wants(room, 's2')]).toEqual([true, false]);
  });
});

describe('state of sites', () => {
  const entry = (key: string, value: unknown, withValue = true): StateEntry => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = createHash('sha256').update(bytes).digest();
    return { key, digest, ...(withValue ? { value: bytes } : {}) };
  };
  let counter = 0;
  const put = (sites: Sites, entries: StateEntry[], at = ++counter) =>
    sites.handlers.putState(STORE_1, { session: 's1', entries, counter: BigInt(at) }, signal);

  it('is asked for where the digest is new, told on, and gone when it is not named', async () => {
    const { hello, sites, store } = await setUp();
    const told: unknown[] = [];
    sites.onState((...said) => told.push(said));
    await hello('s1');
    expect((await put(sites, [entry('site', 1, false), entry('slots/a', 2, false)])).missing).toEqual([
      'site',
      'slots/a',
    ]);
    expect((await put(sites, [entry('site', 1), entry('slots/a', 2)])).missing).toEqual([]);
    expect((await put(sites, [entry('site', 1, false)])).missing).toEqual([]);
    expect(told).toEqual([
      ['store-1', 'site', 1],
      ['store-1', 'slots/a', 2],
      ['store-1', 'slots/a', undefined],
    ]);
    expect((await store.read((tx) => tx.list('states'))).map(({ key }) => key)).toEqual(['store-1/site']);
  });

  it('that was overtaken on its way changes nothing', async () => {
    const { hello, sites, store } = await setUp();
    await hello('s1');
    const late = ++counter;
    await put(sites, [entry('site', 'new')]);
    await put(sites, [entry('site', 'old')], late);
    expect((await store.read((tx) => tx.get('states', 'store-1/site')))?.value).toBe('"new"');
  });

  it('with a value that is not its digest is left aside', async () => {
    const { hello, sites, store } = await setUp();
    await hello('s1');
    expect((await put(sites, [{ ...entry('site', 1), value: Buffer.from('2') }])).missing).toEqual([]);
    expect(await store.read((tx) => tx.list('states'))).toEqual([]);
  });

  it('of what is installed outlives a fresh box that has not taken it over, and no longer', async () => {
    const { hello, sites, store } = await setUp();
    const keys = () =>
      store.read(async (tx) => (await tx.list('states')).map(({ key }) => key.replace(/^[^/]+\//, '')));
    const order = entry('orders/a', { id: 'o1' });
    await hello('s1');
    await put(sites, [entry('site', { armed: true }), entry('slots/a', { n: 2 }), entry('slots/b', {}), order]);
    await hello('s1', { fresh: true });
    // Digests alone, as the first question always is; then with what was asked for.
    await put(sites, [entry('site', { armed: false }, false), entry('slots/a', {}, false)]);
    await put(sites, [entry('site', { armed: false }), entry('slots/a', {})]);
    expect(await keys()).toEqual(['orders/a', 'site', 'slots/a']);
    expect((await hello('s1', { fresh: true })).takeOver.map(({ key }) => key)).toEqual(['slots/a', 'orders/a']);
    await put(sites, [entry('site', { armed: true }), entry('slots/a', {})]);
    expect(await keys()).toEqual(['site', 'slots/a']);
  });

  it('of slots and orders is given to a fresh box, and to no other', async () => {
    const { hello, sites } = await setUp();
    const { ratchet } = await hello('s1');
    await put(sites, [entry('site', 1), entry('slots/a', { n: 2 }), entry('orders/a', { id: 'o1' })]);
    expect((await hello('s1', { ratchet })).takeOver).toEqual([]);
    const { takeOver } = await hello('s1', { fresh: true });
    expect(takeOver.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()])).toEqual([
      ['slots/a', '{"n":2}'],
      ['orders/a', '{"id":"o1"}'],
    ]);
    expect((await hello('copy', { fresh: true })).takeOver).toEqual([]);
  });
});
