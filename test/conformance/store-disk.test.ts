import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/adapters/store/sqlite-store.ts';
import { boot, contentOf, counter, event } from './store.ts';

// Each test starts threads or processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-disk-'));
  path = join(dir, 'data', 'site.db');
});
afterEach(() => {
  chmodSync(join(dir, 'data'), 0o700);
  rmSync(dir, { recursive: true });
});

/** A store with something in it, closed again. */
async function makeStore(boots = 3): Promise<void> {
  const store = await openStore(path);
  const rows = Array.from({ length: boots }, (_, i) => boot(`b${i + 1}`, { slot: 'x'.repeat(200) }));
  await store.commit(
    rows.map((row) => ({ table: 'boots', key: row.id, row })),
    [event(1)],
  );
  await store.close();
}

function inDatabase(sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

/** What is in the files of the data directory, without the index of the log, which holds no data. */
function bytesOnDisk(): Record<string, string> {
  const names = readdirSync(join(dir, 'data')).filter((name) => !/-shm$|\.lock$/.test(name));
  return Object.fromEntries(names.map((name) => [name, digestOf(join(dir, 'data', name))]));
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

async function expectRefused(code: string): Promise<void> {
  const before = bytesOnDisk();
  await expect(openStore(path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
  expect(bytesOnDisk()).toEqual(before);
}

function overwritePages(): void {
  const bytes = readFileSync(path);
  for (let page = 2; page * 4096 < bytes.length; page += 2) bytes.fill(0xa5, page * 4096, page * 4096 + 700);
  writeFileSync(path, bytes);
}

type Writer = { readonly kill: () => Promise<readonly number[]> };

/** Starts the writer and waits until it has had `count` commits acknowledged. */
async function startWriter(count: number): Promise<Writer> {
  const script = fileURLToPath(new URL('./store-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: number[] = [];
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    ended.then(() => reject(new Error('the writer ended by itself')), reject);
    lines.on('line', (line) => acknowledged.push(Number(line)) === count && resolve());
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    return acknowledged;
  };
  return { kill };
}

describe('a store on disk', () => {
  it('has, after kill -9, all that was acknowledged and no half of a commit', async () => {
    for (const count of [1, 40, 95]) {
      const acknowledged = await (await startWriter(count)).kill();
      const store = await openStore(path);
      const numbers = [...store.state.boots.values()].map(({ openedAt }) => openedAt);
      expect(numbers).toEqual(expect.arrayContaining([...acknowledged]));
      expect(store.state.counters.get('n')).toBe(numbers.length);
      const { events } = await contentOf(store);
      expect(events.map(({ at }) => at)).toEqual(numbers.flatMap((n) => [n, n]));
      await store.close();
    }
  });

  it('is not shared, neither with another process nor within one, and a killed one holds nothing', async () => {
    const writer = await startWriter(1);
    await expect(openStore(path)).rejects.toMatchObject({ code: 'store-locked' });
    await writer.kill();
    const store = await openStore(path);
    await expect(openStore(path)).rejects.toMatchObject({ code: 'store-locked' });
    await expect(openStore(path)).rejects.toMatchObject({ code: 'store-locked' });
    await store.close();
    await (await openStore(path)).close();
  });

  it('lets others read while it is open', async () => {
    const store = await openStore(path);
    await store.commit([counter('n', 7)], []);
    const reader = new Database(path, { readonly: true });
    expect(reader.prepare('select row from counters').pluck().get()).toBe('7');
    reader.close();
    await store.commit([counter('n', 8)], []);
    await store.close();
  });

  it('is made for its owner alone', async () => {
    await makeStore();
    const modes = [join(dir, 'data'), path, `${path}.lock`].map((each) => statSync(each).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  it('starts again where a first start was killed before it wrote anything', async () => {
    await makeStore();
    writeFileSync(path, '');
    const store = await openStore(path);
    expect(store.state.counters.size).toBe(0);
    await store.close();
  });

  it('meets a really full database as disk-full, and goes on when there is room', async () => {
    const store = await openStore(path);
    await store.commit([counter('n', 1)], [event(1)]);
    await store.inject({ maxPages: 40 });
    const big = boot('b1', { slot: 'x'.repeat(500_000) });
    const group = [
      store.commit([{ table: 'boots', key: 'b1', row: big }], []),
      store.commit([counter('n', 2)], [event(2)]),
    ];
    const reasons = (await Promise.allSettled(group)).map((each) => each.status === 'rejected' && each.reason.code);
    expect(reasons).toEqual(['disk-full', 'disk-full']);
    await store.commit([counter('n', 3)], [event(3)]);
    await store.inject({ maxPages: 0 });
    await store.commit([{ table: 'boots', key: 'b1', row: big }], []);
    const before = await contentOf(store);
    await store.close();
    const again = await openStore(path);
    expect(await contentOf(again)).toEqual(before);
    await again.close();
  });

  it('leaves the program free while the disk takes its time', async () => {
    const store = await openStore(path, { faults: { syncDelayMs: 60 } });
    let turns = 0;
    let done = false;
    const count = () => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    count();
    await store.commit([counter('n', 1)], []);
    done = true;
    expect(turns).toBeGreaterThan(50);
    await store.close();
  });

  it('gives the room of pruned events back to the file system', async () => {
    const store = await openStore(path);
    const sentence = 'x'.repeat(3_000);
    for (let i = 0; i < 4; i++) {
      await store.commit(
        [],
        Array.from({ length: 250 }, () => event(1, { sentence })),
      );
    }
    await store.prune({ beforeMs: 2, maxBytes: 1e9 });
    await store.close();
    expect(statSync(path).size).toBeLessThan(200_000);
  });
});

describe('a database that cannot be used is named and kept byte for byte:', () => {
  it('one of a newer Slipway', async () => {
    await makeStore();
    inDatabase('pragma user_version = 99');
    await expectRefused('store-newer');
  });

  it('one of another program', async () => {
    await makeStore();
    inDatabase('pragma application_id = 1');
    await expectRefused('store-damaged');
  });

  it('a file that is no database', async () => {
    await makeStore();
    writeFileSync(path, 'site: store-0417\n'.repeat(500));
    await expectRefused('store-damaged');
  });

  it('one with overwritten pages', async () => {
    await makeStore(60);
    overwritePages();
    await expectRefused('store-damaged');
  });

  it('one cut short', async () => {
    await makeStore(60);
    writeFileSync(path, readFileSync(path).subarray(0, 5 * 4096));
    await expectRefused('store-damaged');
  });

  it('one with a row that is not JSON', async () => {
    await makeStore();
    inDatabase("insert into boots values ('b9', '{')");
    await expectRefused('store-damaged');
  });

  it('a damaged one with a log that was not yet written back', async () => {
    await makeStore(60);
    const db = new Database(path);
    db.exec("insert into counters values ('n', '1')");
    cpSync(`${path}-wal`, join(dir, 'log'));
    db.close();
    cpSync(join(dir, 'log'), `${path}-wal`);
    overwritePages();
    await expectRefused('store-damaged');
  });

  it('one in a directory that cannot be written', async () => {
    await makeStore();
    cpSync(path, join(dir, 'copy.db'));
    chmodSync(join(dir, 'data'), 0o500);
    chmodSync(path, 0o400);
    chmodSync(`${path}.lock`, 0o400);
    expect(await openWithoutPrivilege()).toBe('store-read-only');
    expect(readFileSync(path).equals(readFileSync(join(dir, 'copy.db')))).toBe(true);
  });

  it('a new one in a directory that cannot be made', async () => {
    await makeStore();
    chmodSync(join(dir, 'data'), 0o500);
    path = join(dir, 'data', 'below', 'site.db');
    expect(await openWithoutPrivilege()).toBe('store-read-only');
  });
});

/** Root may write anywhere; without its capabilities it may not. */
async function openWithoutPrivilege(): Promise<string> {
  const script = `import(process.argv[1]).then((m) => m.openStore(process.argv[2])).then(
    () => console.log('open'), (error) => console.log(error.code))`;
  const module = new URL('../../src/adapters/store/sqlite-store.ts', import.meta.url).href;
  const drop = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] : [];
  const [program = '', ...args] = [...drop, process.execPath, '-e', script, module, path];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  await once(child, 'close');
  return output.trim();
}
