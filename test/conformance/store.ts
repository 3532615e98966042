import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { MacAddress } from '../../src/kernel/mac.ts';
import type { Boot, BootId } from '../../src/model/boot.ts';
import type { Event, NewEvent } from '../../src/model/event.ts';
import type { MachineId } from '../../src/model/machine.ts';
import type { Change, EventQuery, Store } from '../../src/model/store.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);

/** How the suite drives one implementation of `Store`. */
export type StoreHarness = {
  /** A new, empty store. */
  readonly open: () => Promise<Store>;
  /** Closes the store and opens it again; left out where nothing outlives a close. */
  readonly reopen?: (store: Store) => Promise<Store>;
  /** Makes the n-th write to the disk from now on fail, once. */
  readonly failNth: (store: Store, nth: number, as: 'full' | 'broken') => Promise<void>;
  /** Takes back what `failNth` did. */
  readonly heal: (store: Store) => Promise<void>;
};

export function counter(key: string, row: number | null): Change {
  return { table: 'counters', key, row };
}

export function event(at: number, more: Partial<NewEvent> = {}): NewEvent {
  return { type: 'boot-stage', at, sentence: `it happened at ${at}`, ...more };
}

export function boot(id: string, more: Partial<Boot> = {}): Boot {
  const mac = '52:54:00:00:00:01' as MacAddress;
  return { id: id as BootId, machine: 'm1' as MachineId, mac, openedAt: 1, stage: 'seen', reached: {}, ...more };
}

/** All that a store knows, in a form that two stores can be compared by. */
export async function contentOf(store: Store) {
  const { machines, bindings, boots, leases, counters } = store.state;
  return {
    rows: [machines, bindings, boots, leases, counters].map((rows) => new Map<string, unknown>(rows)),
    events: await store.events({ limit: 100_000 }),
    epoch: store.epoch,
  };
}

/** The promises of the port `Store`, kept by every implementation. */
export function storeConformance(name: string, harness: StoreHarness): void {
  const opened: Store[] = [];
  const open = async () => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(`store conformance: ${name}`, () => {
    writing(open);
    listening(open);
    asking(open);
    failing(open, harness);
    pruning(open);
    closing(open, harness);
  });
}

type Open = () => Promise<Store>;

function writing(open: Open): void {
  it('has a change in its state when the commit resolves, and not before', async () => {
    const store = await open();
    const done = store.commit([counter('boot', 1)], []);
    expect(store.state.counters.size).toBe(0);
    await done;
    expect(store.state.counters.get('boot')).toBe(1);
  });

  it('takes the changes of a commit in their order', async () => {
    const store = await open();
    await store.commit([counter('a', 1), counter('a', 2), counter('b', 1), counter('b', null)], []);
    expect([...store.state.counters]).toEqual([['a', 2]]);
  });

  it('takes an empty commit', async () => {
    const store = await open();
    await store.commit([], []);
    expect(await store.events({ limit: 1 })).toEqual([]);
  });

  it('refuses a commit that is no data, and only that one', async () => {
    const store = await open();
    const before = store.commit([counter('a', 1)], [event(1)]);
    const notData = store.commit([counter('x', 9n as unknown as number)], [event(2)]);
    const noTable = store.commit([counter('y', 1), { table: 'nothing', key: 'z', row: 1 } as unknown as Change], []);
    const after = store.commit([counter('b', 1)], [event(3)]);
    await expect(notData).rejects.toThrow();
    await expect(noTable).rejects.toMatchObject({ code: 'internal' });
    await Promise.all([before, after]);
    expect([...store.state.counters.keys()]).toEqual(['a', 'b']);
    expect((await store.events({ limit: 9 })).map(({ at, seq }) => [at, seq])).toEqual([
      [1, 1],
      [3, 2],
    ]);
  });
}

function listening(open: Open): void {
  it('tells each event in order, after its commit and before the next one', async () => {
    const store = await open();
    const heard: unknown[] = [];
    store.onEvent(({ seq, at, epoch }) => heard.push([seq, at, epoch === store.epoch, store.state.counters.get('n')]));
    await Promise.all([
      store.commit([counter('n', 1)], [event(10), event(11)]),
      store.commit([counter('n', 2)], [event(12)]),
    ]);
    expect(heard).toEqual([
      [1, 10, true, 1],
      [2, 11, true, 1],
      [3, 12, true, 2],
    ]);
  });

  it('tells what it later answers', async () => {
    const store = await open();
    const heard: Event[] = [];
    store.onEvent((each) => heard.push(each));
    await store.commit([], [event(1, { slot: 'pos-1', data: { nested: [1, 'ü'] } }), event(2)]);
    expect(await store.events({ limit: 9 })).toEqual(heard);
  });

  it('goes on when a listener throws, and stops telling one that has ended', async () => {
    const store = await open();
    const heard: number[] = [];
    store.onEvent(() => {
      throw new Error('a listener with a bug');
    });
    const end = store.onEvent(({ seq }) => {
      heard.push(seq);
      end();
    });
    await store.commit([counter('n', 1)], [event(1)]);
    await store.commit([counter('n', 2)], [event(2)]);
    expect(heard).toEqual([1]);
    expect(store.state.counters.get('n')).toBe(2);
  });

  it('lets a listener commit', async () => {
    const store = await open();
    let second: Promise<void> | undefined;
    store.onEvent(({ at }) => {
      if (at === 1) second = store.commit([counter('n', 1)], [event(2)]);
    });
    await store.commit([], [event(1)]);
    await second;
    expect(store.state.counters.get('n')).toBe(1);
  });
}

function asking(open: Open): void {
  const few = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
  const present = <T extends object>(given: T) =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
      [K in keyof T]?: Exclude<T[K], undefined>;
    };
  const names = {
    slot: few('pos-1', 'pos-2'),
    machine: few('m1' as MachineId, 'm2' as MachineId),
    boot: few('b1' as BootId, 'b2' as BootId),
  };
  const newEvent = fc
    .record({ ...names, type: fc.constantFrom('boot-opened' as const, 'boot-closed' as const, 'slot-filled' as const) })
    .map(({ type, ...rest }) => event(1, { type, ...present(rest) }));
  const query = fc
    .record({
      ...names,
      limit: fc.integer({ min: 0, max: 12 }),
      newestFirst: few(true, false),
      afterSeq: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
      types: few<NonNullable<EventQuery['types']>>([], ['boot-opened'], ['slot-filled', 'boot-closed']),
    })
    .map(({ limit, ...rest }): EventQuery => ({ limit, ...present(rest) }));

  it('answers queries as a search through all events would', async () => {
    const store = await open();
    const written = fc.sample(newEvent, { numRuns: 30, seed });
    await store.commit([], written);
    const all = await store.events({ limit: 100 });
    expect(all.map(({ epoch: _e, seq: _s, version: _v, ...rest }) => rest)).toEqual(written);
    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        expect(await store.events(asked)).toEqual(naively(all, asked));
      }),
      { seed, numRuns: 200 },
    );
  });

  it('answers as many events as were asked for, in either direction', async () => {
    const store = await open();
    const many = Array.from({ length: 1_300 }, (_, i) => event(i, { type: i % 2 ? 'boot-opened' : 'boot-closed' }));
    await store.commit([], many);
    const seqs = (await store.events({ limit: 1_200 })).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 1_200 }, (_, i) => i + 1));
    const newest = await store.events({ limit: 1_200, newestFirst: true, types: ['boot-opened', 'boot-closed'] });
    expect(newest.map(({ seq }) => seq)).toEqual(Array.from({ length: 1_200 }, (_, i) => 1_300 - i));
  });
}

function naively(all: readonly Event[], query: EventQuery): readonly Event[] {
  const { types } = query;
  const wanted = (each: Event) =>
    each.seq > (query.afterSeq ?? 0) &&
    (['slot', 'machine', 'boot'] as const).every((key) => query[key] === undefined || query[key] === each[key]) &&
    (types === undefined || types.includes(each.type));
  const found = all.filter(wanted);
  return (query.newestFirst ? found.reverse() : found).slice(0, query.limit);
}

function failing(open: Open, harness: StoreHarness): void {
  it('changes nothing when the disk fails at any step of a group, and goes on when it is well again', async () => {
    const store = await open();
    await store.commit([counter('kept', 1), { table: 'boots', key: 'b1', row: boot('b1') }], [event(1)]);
    const before = await contentOf(store);
    const group = () => [
      store.commit([counter('kept', 2), { table: 'boots', key: 'b1', row: null }], [event(2)]),
      store.commit([counter('other', 1)], []),
    ];
    let steps = 0;
    for (let codes = await failOnce(); codes.length > 0; codes = await failOnce()) {
      const code = steps % 2 ? 'disk-full' : 'disk-failed';
      expect(codes).toEqual([code, code]);
      expect(await contentOf(store)).toEqual(before);
    }
    expect(steps).toBeGreaterThan(5);
    expect([...store.state.counters.values()]).toEqual([2, 1]);
    expect((await store.events({ limit: 9 })).map(({ at, seq }) => [at, seq])).toEqual([
      [1, 1],
      [2, 2],
    ]);

    /** Lets the next step of the group fail; no code says that it has no further one. */
    async function failOnce() {
      steps += 1;
      await harness.failNth(store, steps, steps % 2 ? 'full' : 'broken');
      const results = await Promise.allSettled(group());
      await harness.heal(store);
      return results.flatMap((result) => (result.status === 'rejected' ? [codeOf(result.reason)] : []));
    }
  });
}

function codeOf(thrown: unknown): unknown {
  return (thrown as { readonly code?: unknown }).code;
}

function pruning(open: Open): void {
  it('deletes closed boots and events from before a time', async () => {
    const store = await open();
    const boots = [boot('b1', { closedAt: 10 }), boot('b2', { closedAt: 30 }), boot('b3')];
    await store.commit(
      boots.map((row) => ({ table: 'boots', key: row.id, row })),
      [event(10), event(30), event(15), event(20)],
    );
    expect(await store.prune({ beforeMs: 20, maxBytes: 1e9 })).toEqual({ events: 2, unacked: 0, boots: 1 });
    expect([...store.state.boots.keys()]).toEqual(['b2', 'b3']);
    expect((await store.events({ limit: 9 })).map(({ at }) => at)).toEqual([30, 20]);
    expect(await store.prune({ beforeMs: 20, maxBytes: 1e9 })).toEqual({ events: 0, unacked: 0, boots: 0 });
  });

  it('deletes the boots that were closed first beyond a number, and none that is open', async () => {
    const store = await open();
    const boots = [
      boot('b1'),
      boot('b2', { closedAt: 40 }),
      boot('b3', { closedAt: 20 }),
      boot('b4', { closedAt: 30 }),
    ];
    await store.commit(
      boots.map((row) => ({ table: 'boots', key: row.id, row })),
      [],
    );
    expect(await store.prune({ beforeMs: 0, maxBytes: 1e9, maxBoots: 2 })).toEqual({ events: 0, unacked: 0, boots: 1 });
    expect([...store.state.boots.keys()].sort()).toEqual(['b1', 'b2', 'b4']);
  });

  it('deletes the oldest events beyond a size, and never gives their numbers again', async () => {
    const store = await open();
    const long = 'x'.repeat(2_000);
    for (let i = 0; i < 4; i++) {
      await store.commit(
        [],
        Array.from({ length: 400 }, (_, n) => event(i * 400 + n, { sentence: long })),
      );
    }
    const { events: deleted } = await store.prune({ beforeMs: 0, maxBytes: 1_000_000 });
    const left = await store.events({ limit: 2_000 });
    expect(deleted + left.length).toBe(1_600);
    expect(left.length).toBeGreaterThan(350);
    expect(left.length).toBeLessThan(500);
    expect(left[0]?.seq).toBe(deleted + 1);
    await store.prune({ beforeMs: 1e15, maxBytes: 0 });
    expect(store.lastSeq).toBe(1_600);
    await store.commit([], [event(1)]);
    expect((await store.events({ limit: 9 })).map(({ seq }) => seq)).toEqual([1_601]);
    expect(store.lastSeq).toBe(1_601);
  });

  it('counts what it deletes that head office never had', async () => {
    const store = await open();
    await store.commit(
      [],
      Array.from({ length: 700 }, (_, i) => event(i)),
    );
    expect(await store.prune({ beforeMs: 500, maxBytes: 1e9, ackedThrough: 100 })).toMatchObject({
      events: 500,
      unacked: 400,
    });
    expect(await store.prune({ beforeMs: 0, maxBytes: 0, ackedThrough: 700 })).toMatchObject({
      events: 200,
      unacked: 0,
    });
    expect(store.lastSeq).toBe(700);
  });

  it('takes commits while it prunes', async () => {
    const store = await open();
    await store.commit(
      [],
      Array.from({ length: 1_500 }, (_, i) => event(i)),
    );
    const pruned = store.prune({ beforeMs: 1_500, maxBytes: 1e9 });
    await store.commit([counter('n', 1)], [event(9_999)]);
    expect(await pruned).toEqual({ events: 1_500, unacked: 0, boots: 0 });
    expect((await store.events({ limit: 9 })).map(({ at }) => at)).toEqual([9_999]);
  });
}

function closing(open: Open, harness: StoreHarness): void {
  it('finishes what was committed before it closes, and refuses what comes after', async () => {
    const store = await open();
    const before = store.commit([counter('n', 1)], []);
    const closed = store.close();
    await expect(store.commit([counter('n', 2)], [])).rejects.toMatchObject({ code: 'site-not-ready' });
    await before;
    await closed;
    await store.close();
    expect(store.state.counters.get('n')).toBe(1);
    await expect(store.events({ limit: 1 })).rejects.toMatchObject({ code: 'site-not-ready' });
  });

  it('names each new database differently', async () => {
    const [a, b] = await Promise.all([open(), open()]);
    expect(a.epoch).not.toBe(b.epoch);
    expect(a.epoch.length).toBeGreaterThan(8);
  });

  const { reopen } = harness;
  if (!reopen) return;
  const change = fc.oneof(
    fc
      .record({ key: fc.string(), row: fc.option(fc.integer(), { nil: null }) })
      .map(({ key, row }) => counter(key, row)),
    fc
      .record({ id: fc.constantFrom('b1', 'b2', 'b3'), slot: fc.string({ unit: 'binary' }), gone: fc.boolean() })
      .map(({ id, slot, gone }): Change => ({ table: 'boots', key: id, row: gone ? null : boot(id, { slot }) })),
  );

  it('knows after a reopen what it knew before', async () => {
    let store = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }), async (commits) => {
        await Promise.all(commits.map((changes, i) => store.commit(changes, [event(i)])));
        const before = await contentOf(store);
        store = await reopen(store);
        expect(await contentOf(store)).toEqual(before);
      }),
      { seed, numRuns: 4 },
    );
    await store.close();
  });
}
