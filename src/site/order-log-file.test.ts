import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleClock, SampleLog } from '../../test/support/sample-site.ts';
import { openStore } from '../adapters/store/sqlite-store.ts';
import type { Digest } from '../kernel/digest.ts';
import { ARMED, DOUBT, holdMark, type Order, type OrderId } from '../model/order.ts';
import type { Change } from '../model/store.ts';
import { withOrderLog } from './order-log.ts';
import { COMPACTION_STEPS, type CompactionStep } from './order-log-file.ts';

/** A record of these tests has about 150 bytes. */
const LIMITS = { maxBytes: 2_000, keepBytes: 600 };
const clock = new SampleClock();
let dir: string;
let log: SampleLog;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-order-log-'));
  log = new SampleLog();
});
afterEach(async () => {
  await stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(at = join(dir, 'site'), beforeStep?: (step: CompactionStep) => Promise<void> | void) {
  const database = await openStore(join(at, 'slipway.db'));
  closing.push(() => database.close());
  const path = join(at, 'orders.log');
  const store = await withOrderLog({
    path,
    store: database,
    clock,
    log,
    limits: LIMITS,
    ...(beforeStep ? { beforeStep } : {}),
  });
  closing.push(() => store.close());
  return store;
}

async function stop(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

const order: Order = {
  ...{ id: 'o1' as OrderId, slot: 'pos-1', binding: 1, profile: 'a'.repeat(64) as Digest, wipe: false },
  ...{ by: { kind: 'person', name: 'cli' }, createdAt: 1, expiresAt: 2, attempts: 0, maxAttempts: 3 },
  state: { kind: 'open' },
};
const arm: readonly Change[] = [
  { table: 'marks', key: ARMED, row: { at: 1, by: 'cli' } },
  { table: 'orders', key: order.id, row: order },
];
const hold = (n: number): readonly Change[] => [
  { table: 'marks', key: holdMark(`slot-${n}`), row: { at: n, by: 'cli' } },
];
const text = (at = join(dir, 'site')) => readFile(join(at, 'orders.log'), 'utf8');
const seqs = (lines: string) =>
  lines
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { seq: number }).seq);

/** Gives orders until a compaction has ended. */
async function growUntilShortened(store: Awaited<ReturnType<typeof start>>, first = 1): Promise<number> {
  for (let n = first; ; n += 1) {
    const before = (await text()).length;
    await store.commit(hold(n), []);
    // One more of any kind waits for the compaction before it.
    await store.commit(hold(n + 1), []);
    if ((await text()).length < before) return n + 1;
    if (n > first + 60) throw new Error('it was not shortened');
  }
}

describe('a long log of orders', () => {
  it('is shortened to its newest records, again and again, and agrees with the database', async () => {
    const store = await start();
    await store.commit(arm, []);
    for (let n = 1; n <= 100; n += 1) {
      await store.commit(hold(n), []);
      expect((await text()).length).toBeLessThan(LIMITS.maxBytes + 200);
    }
    await stop();
    const left = seqs(await text());
    expect(left).toEqual(left.map((_, i) => 101 - left.length + 1 + i));
    expect((await stat(join(dir, 'site/orders.log'))).mode & 0o777).toBe(0o600);
    const again = await start();
    expect([again.state.marks.has(DOUBT), again.state.orders.get('o1')]).toEqual([false, order]);
    expect(log.lines).toEqual([]);
  });

  it('keeps its last record, however long that is', async () => {
    const store = await start();
    await store.commit(Array.from({ length: 30 }, (_, n) => hold(n)).flat(), []);
    await stop();
    expect(seqs(await text())).toEqual([1]);
    const again = await start();
    await again.commit(hold(99), []);
    await again.commit(Array.from({ length: 30 }, (_, n) => hold(n)).flat(), []);
    await stop();
    expect(seqs(await text())).toEqual([3]);
  });

  it('is whole, old or new, wherever a kill comes in between', async () => {
    const snapshots = new Map<CompactionStep, string>();
    const store = await start(undefined, async (step) => {
      // What a kill would leave here.
      const copy = join(dir, step);
      await rm(copy, { recursive: true, force: true });
      await cp(join(dir, 'site'), copy, { recursive: true });
      snapshots.set(step, copy);
    });
    await store.commit(arm, []);
    await growUntilShortened(store);
    await stop();
    expect([...snapshots.keys()]).toEqual([...COMPACTION_STEPS]);

    const lengths: number[] = [];
    for (const copy of snapshots.values()) {
      const left = seqs(await text(copy));
      lengths.push(left.length);
      const again = await start(copy);
      expect([again.state.marks.has(DOUBT), again.state.marks.has(ARMED)]).toEqual([false, true]);
      expect(again.state.orders.get('o1')).toEqual(order);
      expect(again.state.counters.get('order-log')).toBe(left.at(-1));
      await again.commit(hold(999), []);
      await stop();
      expect(seqs(await text(copy)).at(-1)).toBe((left.at(-1) ?? 0) + 1);
      expect((await readdir(copy)).filter((name) => name.startsWith('orders.log'))).toEqual(['orders.log']);
      expect((await start(copy)).state.marks.has(DOUBT)).toBe(false);
      await stop();
    }
    const [whole = 0, , , short = 0] = lengths;
    expect(lengths).toEqual([whole, whole, whole, short, short]);
    expect(short).toBeLessThan(whole);
    expect(log.lines).toEqual([]);
  });

  it.each(['write', 'sync', 'rename'] as const)(
    'stays as it was when the disk fails at %s, and goes on',
    async (at) => {
      let failures = 0;
      const store = await start(undefined, (step) => {
        if (step !== at || failures > 0) return;
        failures += 1;
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      });
      await store.commit(arm, []);
      for (let n = 1; failures === 0; n += 1) await store.commit(hold(n), []);
      const before = seqs(await text());
      await store.commit(hold(100), []);
      expect(seqs(await text())).toEqual([...before, (before.at(-1) ?? 0) + 1]);
      expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('goes on as it is') }]);
      expect(await readdir(join(dir, 'site'))).not.toContain('orders.log.new');
      await growUntilShortened(store, 101);
      await stop();
      expect((await start()).state.marks.has(DOUBT)).toBe(false);
    },
  );

  it('takes no order any more when nobody knows whether its new name is on disk, until the next start', async () => {
    const store = await start(undefined, (step) => {
      if (step === 'sync-dir') throw Object.assign(new Error('input/output error'), { code: 'EIO' });
    });
    await store.commit(arm, []);
    const failed = await growUntilShortened(store).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'disk-failed' });
    await stop();
    const again = await start();
    expect([again.state.marks.has(DOUBT), again.state.orders.get('o1')]).toEqual([false, order]);
    await again.commit(hold(999), []);
  });

  it('forgets a line that was cut off behind a compaction', async () => {
    const store = await start();
    await store.commit(arm, []);
    await growUntilShortened(store);
    await stop();
    await appendFile(join(dir, 'site/orders.log'), '{"seq":99,"ep');
    expect((await start()).state.marks.has(DOUBT)).toBe(false);
  });
});
