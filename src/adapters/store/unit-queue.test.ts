import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { openHubStore, type SqliteHubStore } from './hub-store.ts';

let store: SqliteHubStore;

beforeEach(async () => {
  store = await openHubStore(':memory:');
});
afterEach(() => store.close());

const put = (key: string) => (tx: HubTx) => tx.put('meta', key, key);
const outcomes = async (units: readonly ((tx: HubTx) => Promise<unknown>)[]) =>
  (await Promise.allSettled(units.map((unit) => store.work(unit)))).map((outcome) =>
    outcome.status === 'fulfilled' ? 'kept' : ((outcome.reason as { code?: string }).code ?? String(outcome.reason)),
  );
const keys = async () => (await store.read((tx) => tx.list('meta'))).map(({ key }) => key);

it('takes back a unit in the middle, and keeps the others', async () => {
  const refuse = async (tx: HubTx) => {
    await tx.put('meta', 'refused', 1);
    expect(await tx.get('meta', 'a')).toBe('a');
    throw 'no';
  };
  const after = async (tx: HubTx) => {
    expect(await tx.get('meta', 'refused')).toBeUndefined();
    await tx.put('meta', 'b', 'b');
  };
  expect(await outcomes([put('a'), refuse, after])).toEqual(['kept', 'no', 'kept']);
  expect(await keys()).toEqual(['a', 'b']);
});

it('tells the one whose statement failed, and keeps the others', async () => {
  // Begin, and one statement for each.
  await store.inject({ failStatement: { nth: 3, code: 'SQLITE_IOERR_WRITE' } });
  expect(await outcomes([put('a'), put('b'), put('c')])).toEqual(['kept', 'disk-failed', 'kept']);
  expect(await keys()).toEqual(['a', 'c']);
});

it('brings what waits to the disk in one commit; if that fails, none is kept, and all are told', async () => {
  const refuse = () => Promise.reject(new Error('it read what is not there'));
  await store.inject({ failStatement: { nth: 4, code: 'SQLITE_FULL' } });
  expect(await outcomes([put('a'), refuse, put('c')])).toEqual(['disk-full', 'disk-full', 'disk-full']);
  expect(await keys()).toEqual([]);
  expect(await outcomes([put('d')])).toEqual(['kept']);
});

it('tells all if the transaction cannot begin, and goes on with the next ones', async () => {
  await store.inject({ failStatement: { nth: 1, code: 'SQLITE_IOERR_WRITE' } });
  expect(await outcomes([put('a'), put('b')])).toEqual(['disk-failed', 'disk-failed']);
  expect(await outcomes([put('c')])).toEqual(['kept']);
  expect(await keys()).toEqual(['c']);
});

it('tells the unit itself of what it wrote and could not, at what it asks next', async () => {
  await store.inject({ failStatement: { nth: 2, code: 'SQLITE_FULL' } });
  let heard: unknown;
  const unit = async (tx: HubTx) => {
    await tx.put('meta', 'a', 1);
    await tx.get('meta', 'a').catch((error: { code: string }) => {
      heard = error.code;
    });
  };
  expect(await outcomes([unit])).toEqual(['disk-full']);
  expect(heard).toBe('disk-full');
});
