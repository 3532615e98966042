import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { openStore, type SqliteStore } from '../../src/adapters/store/sqlite-store.ts';
import type { Store } from '../../src/model/store.ts';
import { type StoreHarness, storeConformance } from './store.ts';

// Each test starts threads, which is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const sqliteCodes = { full: 'SQLITE_FULL', broken: 'SQLITE_IOERR_WRITE' } as const;
const faults: Pick<StoreHarness, 'failNth' | 'heal'> = {
  failNth: (store, nth, as) => (store as SqliteStore).inject({ failStatement: { nth, code: sqliteCodes[as] } }),
  heal: (store) => (store as SqliteStore).inject({}),
};

let dir: string;
let count = 0;
const paths = new WeakMap<Store, string>();

async function openAt(path: string): Promise<Store> {
  const store = await openStore(path);
  paths.set(store, path);
  return store;
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-store-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

storeConformance('SQLite in memory', { ...faults, open: () => openStore(':memory:') });

storeConformance('SQLite on disk', {
  ...faults,
  open: () => openAt(join(dir, String(++count), 'site.db')),
  reopen: async (store) => {
    await store.close();
    return openAt(paths.get(store) ?? '');
  },
});
