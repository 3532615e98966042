import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { openStore } from '../../src/adapters/store/sqlite-store.ts';
import { findAuditFault, NOTHING_BEFORE } from '../../src/model/fleet/audit-chain.ts';
import { contentOf, fleetEvent, sha256, writeOfAll } from './hub-store.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-hub-disk-'));
  path = join(dir, 'data', 'hub.db');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

type Writer = { readonly kill: () => Promise<readonly number[]> };

/** Starts the writer and waits until it has had `count` units answered. */
async function startWriter(count: number): Promise<Writer> {
  const script = fileURLToPath(new URL('./hub-store-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const answered: number[] = [];
  const ended = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    ended.then(() => reject(new Error('the writer ended by itself')), reject);
    createInterface({ input: child.stdout }).on('line', (line) => {
      answered.push(Number(line));
      if (answered.length === count) resolve();
    });
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    return answered;
  };
  return { kill };
}

describe("head office's store on disk", () => {
  it('has, after kill -9, all that was answered and no half of a unit', async () => {
    for (const count of [1, 30, 77]) {
      const answered = await (await startWriter(count)).kill();
      const store = await openHubStore(path);
      const last = Number(await store.read((tx) => tx.get('meta', 'last')));
      const { events, audit } = await contentOf(store);
      await store.close();
      expect(last).toBeGreaterThanOrEqual(Math.max(...answered));
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * last }, (_, i) => i + 1));
      expect(audit.length).toBe(last);
      expect(findAuditFault(audit, { id: 0, digest: NOTHING_BEFORE }, sha256)).toBeUndefined();
    }
  });

  it('is not shared with another process, and a killed one holds nothing', async () => {
    const writer = await startWriter(1);
    await expect(openHubStore(path)).rejects.toMatchObject({ code: 'store-locked' });
    await writer.kill();
    await (await openHubStore(path)).close();
  });

  it("is not taken for a site's, nor a site's for it", async () => {
    await (await openHubStore(path)).close();
    await expect(openStore(path)).rejects.toMatchObject({ code: 'store-damaged' });
    const other = join(dir, 'site.db');
    await (await openStore(other)).close();
    await expect(openHubStore(other)).rejects.toMatchObject({ code: 'store-damaged' });
  });

  it('is made for its owner alone', async () => {
    await (await openHubStore(path)).close();
    expect([join(dir, 'data'), path].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o600]);
  });

  it('meets a really full database as disk-full with nothing half, and goes on when there is room', async () => {
    const store = await openHubStore(path);
    await store.work(writeOfAll);
    const before = await contentOf(store);
    await store.inject({ maxPages: 100 });
    const big = store.work(async (tx) => {
      await tx.appendEvents([fleetEvent('b', 1)]);
      await tx.putBlob(sha256('big'), new Uint8Array(1_000_000));
    });
    await expect(big).rejects.toMatchObject({ code: 'disk-full' });
    expect(await contentOf(store)).toEqual(before);
    await store.work((tx) => tx.put('meta', 'small', 1));
    await store.inject({ maxPages: 0 });
    await store.work((tx) => tx.putBlob(sha256('big'), new Uint8Array(1_000_000)));
    await store.close();
  });

  it('leaves the program free while the disk takes its time', async () => {
    const store = await openHubStore(path);
    await store.inject({ syncDelayMs: 200 });
    let turns = 0;
    let done = false;
    const count = () => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    count();
    await store.work((tx) => tx.put('meta', 'a', 1));
    done = true;
    expect(turns).toBeGreaterThan(50);
    await store.close();
  });
});
