import { afterEach, expect, it } from 'vitest';
import { openStore, type SqliteStore } from '../adapters/store/sqlite-store.ts';
import type { NewEvent } from '../model/event.ts';
import { OUTBOX } from '../model/outbox.ts';
import { tellDropped, tellWaiting } from './outbox-watch.ts';

const HOUR_MS = 3_600_000;
let store: SqliteStore | undefined;

afterEach(() => store?.close());

function boot(at: number): NewEvent {
  return { type: 'boot-opened', at, sentence: 'a boot' };
}

it('says once a day that events wait for head office, until it has them', async () => {
  store = await openStore(':memory:');
  const told = async () =>
    (await store?.events({ types: ['events-waiting'], limit: 9 }))?.map(({ sentence }) => sentence);
  await tellWaiting(store, 100 * HOUR_MS);
  await store.commit([], [boot(0), boot(20 * HOUR_MS)]);
  await tellWaiting(store, 23 * HOUR_MS);
  expect(await told()).toEqual([]);
  await tellWaiting(store, 25 * HOUR_MS);
  await tellWaiting(store, 26 * HOUR_MS);
  await tellWaiting(store, 50 * HOUR_MS);
  expect(await told()).toEqual([
    '2 events wait for head office, the oldest for 25 h.',
    '3 events wait for head office, the oldest for 50 h.',
  ]);
  const row = { epochs: [{ epoch: store.epoch, first: 1 }], ackedThrough: store.lastSeq, ratchet: '', hubEpoch: 'h' };
  await store.commit([{ table: 'link', key: OUTBOX, row }], []);
  await tellWaiting(store, 900 * HOUR_MS);
  expect(await told()).toHaveLength(2);
});

it('says what was dropped before head office had it', async () => {
  store = await openStore(':memory:');
  await tellDropped(store, 7, 5);
  const [event] = await store.events({ limit: 1 });
  expect(event).toMatchObject({ type: 'events-dropped', at: 5, data: { count: 7 } });
});
