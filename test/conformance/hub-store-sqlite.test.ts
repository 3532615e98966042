import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { openHubStore, type SqliteHubStore } from '../../src/adapters/store/hub-store.ts';
import type { HubStore } from '../../src/model/fleet/hub-store.ts';
import { type HubStoreHarness, hubStoreConformance } from './hub-store.ts';

// Each test starts threads, which is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const sqliteCodes = { full: 'SQLITE_FULL', broken: 'SQLITE_IOERR_WRITE' } as const;
const faults: Pick<HubStoreHarness, 'failNth' | 'heal' | 'backupPath'> = {
  failNth: (store, nth, as) => (store as SqliteHubStore).inject({ failStatement: { nth, code: sqliteCodes[as] } }),
  backupPath: () => join(dir, `${++count}.backup`),
  heal: (store) => (store as SqliteHubStore).inject({}),
};

let dir: string;
let count = 0;
const paths = new WeakMap<HubStore, string>();

async function openAt(path: string, unitMs = 10_000): Promise<HubStore> {
  const store = await openHubStore(path, { unitMs });
  paths.set(store, path);
  return store;
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-hub-store-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

hubStoreConformance('SQLite in memory', {
  ...faults,
  open: (unitMs = 10_000) => openHubStore(':memory:', { unitMs }),
});

hubStoreConformance('SQLite on disk', {
  ...faults,
  open: (unitMs) => openAt(join(dir, String(++count), 'hub.db'), unitMs),
  reopen: async (store) => {
    await store.close();
    return openAt(paths.get(store) ?? '');
  },
});
