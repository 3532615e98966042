import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreHubDatabase, unfinishedRestore } from '../../src/adapters/store/hub-restore.ts';
import { openHubStore, type SqliteHubStore } from '../../src/adapters/store/hub-store.ts';
import { makeBackup } from '../../src/hub/backup/backup-desk.ts';
import { findAuditFault, NOTHING_BEFORE } from '../../src/model/fleet/audit-chain.ts';
import { readLastBackup } from '../../src/model/fleet/last-backup.ts';
import { contentOf, fleetEvent, sha256, writeOfAll } from './hub-store.ts';

let dir: string;
let data: string;
let path: string;
let backup: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-hub-backup-'));
  data = join(dir, 'data');
  path = join(data, 'hub.db');
  backup = join(dir, 'copy.backup');
  mkdirSync(join(data, 'ca'), { recursive: true });
  writeFileSync(join(data, 'ca', 'root-1.key'), 'key of yesterday');
  writeFileSync(join(data, 'ca', '.lock'), '');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const parts = (store: SqliteHubStore) => ({ store, dataDir: data, now: () => 42 });
const entry = { at: 50, who: 'terminal', action: 'restore', subject: 'hub', detail: {} };
const restore = (more: { aside?: string; backup?: string } = {}) =>
  restoreHubDatabase({ path, backup, aside: join(data, 'before-restore-50'), entry, ...more });

/** A hub of yesterday with a backup; closed. */
async function yesterday(): Promise<{ epoch: string }> {
  const store = await openHubStore(path);
  await store.work(writeOfAll);
  await makeBackup(parts(store), backup, 'terminal');
  const { epoch } = store;
  await store.close();
  return { epoch };
}

/** What came after the backup. */
async function today(): Promise<void> {
  const store = await openHubStore(path);
  await store.work(async (tx) => {
    await tx.next('push');
    await tx.appendEvents([fleetEvent('store-1', 12)]);
    await tx.put('meta', 'today', true);
  });
  await store.close();
  writeFileSync(join(data, 'ca', 'root-1.key'), 'key of today');
}

describe('a backup of head office', () => {
  it('is one file for its owner alone, and is in the audit and remembered', async () => {
    await yesterday();
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(['copy.backup', 'data']);
    const store = await openHubStore(path);
    const last = await store.read(readLastBackup);
    const [newest] = await store.read((tx) => tx.audit({ limit: 1, newestFirst: true }));
    await store.close();
    expect(last).toEqual({ at: 42, path: backup, bytes: statSync(backup).size, by: 'terminal' });
    expect(newest).toMatchObject({ action: 'backup', subject: backup, who: 'terminal' });
  });

  it('is not written over another file, into the data directory, or to a path that is not whole', async () => {
    const store = await openHubStore(path);
    writeFileSync(join(dir, 'hub.yaml'), 'hub: office\n'.repeat(50));
    const tries = [join(dir, 'hub.yaml'), path, join(data, 'copy'), 'copy'];
    for (const each of tries)
      await expect(makeBackup(parts(store), each, 'x')).rejects.toMatchObject({
        code: expect.stringMatching(/command-refused|usage-invalid/),
      });
    await expect(makeBackup(parts(store), join(dir, 'none/x'), 'x')).rejects.toMatchObject({ code: 'store-read-only' });
    expect(readFileSync(join(dir, 'hub.yaml'), 'utf8')).toMatch(/^hub: office/);
    await store.close();
  });
});

describe('a restore of head office', () => {
  it('brings back rows, keys and the chain of the audit, under a new epoch', async () => {
    const before = await yesterday();
    await today();
    expect(restore()).toEqual({ files: 1 });
    expect(readFileSync(join(data, 'ca', 'root-1.key'), 'utf8')).toBe('key of yesterday');
    const store = await openHubStore(path);
    const { audit, events } = await contentOf(store);
    expect(store.epoch).not.toBe(before.epoch);
    expect(await store.read((tx) => tx.get('meta', 'today'))).toBeUndefined();
    expect(events.map(({ seq }) => seq)).toEqual([10, 11]);
    expect(audit.map(({ action }) => action)).toEqual(['publish.start', 'restore']);
    expect(findAuditFault(audit, { id: 0, digest: NOTHING_BEFORE }, sha256)).toBeUndefined();
    await store.close();
  });

  it('gives no number again that was given after the backup', async () => {
    await yesterday();
    await today();
    restore();
    const store = await openHubStore(path);
    expect(await store.work((tx) => tx.next('push'))).toBeGreaterThan(2);
    await store.work((tx) => tx.appendEvents([fleetEvent('store-1', 12)]));
    const events = await store.read((tx) => tx.events({ limit: 1, newestFirst: true }));
    expect(events[0]?.id).toBeGreaterThan(3);
    await store.close();
  });

  it('keeps what it replaces, the log of a damaged database too', async () => {
    await yesterday();
    writeFileSync(path, 'no database');
    writeFileSync(`${path}-wal`, 'no log');
    restore();
    const aside = join(data, 'before-restore-50');
    expect(readdirSync(aside).sort()).toEqual(['ca', 'hub.db', 'hub.db-wal']);
    expect(readFileSync(join(aside, 'hub.db'), 'utf8')).toBe('no database');
    expect(existsSync(`${path}-wal`)).toBe(false);
    await (await openHubStore(path)).close();
  });

  it('brings a hub back on an empty disk', async () => {
    await yesterday();
    rmSync(data, { recursive: true });
    restore();
    const store = await openHubStore(path);
    expect((await contentOf(store)).events).toHaveLength(2);
    await store.close();
    expect(readFileSync(join(data, 'ca', 'root-1.key'), 'utf8')).toBe('key of yesterday');
  });

  it('is refused while the hub runs, and for what is no whole backup; nothing is changed then', async () => {
    await yesterday();
    const store = await openHubStore(path);
    expect(() => restore()).toThrow(expect.objectContaining({ code: 'store-locked' }));
    await store.close();
    const before = readFileSync(path);
    const whole = readFileSync(backup);
    const bad: readonly (readonly [string, Uint8Array])[] = [
      ['empty', new Uint8Array(0)],
      ['text', Buffer.from('hub: office\n'.repeat(500))],
      ['short', whole.subarray(0, whole.length - 8192)],
    ];
    for (const [name, bytes] of bad) {
      writeFileSync(join(dir, name), bytes);
      expect(() => restore({ backup: join(dir, name) })).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    }
    expect(() => restore({ backup: join(dir, 'none') })).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readFileSync(join(data, 'ca', 'root-1.key'), 'utf8')).toBe('key of yesterday');
  });

  it('never writes outside of the data directory', async () => {
    await yesterday();
    for (const name of ['../x', '/etc/x', 'ca/../../x', 'hub.db', 'ca/.x', '']) {
      const db = new Database(backup);
      db.prepare('update files set name = ?').run(name);
      db.close();
      expect(() => restore()).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    }
  });

  it('that was cut off keeps the hub from starting until it was run again', async () => {
    await yesterday();
    await today();
    // As a kill leaves it after the old one was moved away.
    writeFileSync(unfinishedRestore(path), readFileSync(backup));
    mkdirSync(join(data, 'before-restore-49'));
    rmSync(path);
    await expect(openHubStore(path)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(existsSync(path)).toBe(false);
    restore();
    const store = await openHubStore(path);
    expect(await store.read((tx) => tx.get('meta', 'today'))).toBeUndefined();
    await store.close();
  });
});
