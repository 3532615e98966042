import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/kernel/digest.ts';
import { findAuditFault, NOTHING_BEFORE } from '../../src/model/fleet/audit-chain.ts';
import type { FleetAlarm } from '../../src/model/fleet/hub-rows.ts';
import type { FleetEvent, HubStore, HubTx, NewAuditEntry } from '../../src/model/fleet/hub-store.ts';

/** How the suite drives one implementation of `HubStore`. */
export type HubStoreHarness = {
  /** A new, empty store whose units may take so long. */
  readonly open: (unitMs?: number) => Promise<HubStore>;
  /** Closes the store and opens it again; left out where nothing outlives a close. */
  readonly reopen?: (store: HubStore) => Promise<HubStore>;
  /** Makes the n-th statement from now on fail, once. */
  readonly failNth: (store: HubStore, nth: number, as: 'full' | 'broken') => Promise<void>;
  /** A place for a copy. */
  readonly backupPath: () => string;
  /** Takes back what `failNth` did. */
  readonly heal: (store: HubStore) => Promise<void>;
};

export const sha256 = (text: string): Digest => createHash('sha256').update(text).digest('hex') as Digest;

export function fleetEvent(site: string, seq: number, more: Partial<FleetEvent> = {}): FleetEvent {
  return {
    site,
    epoch: 'e1',
    seq,
    type: 'enrolled',
    at: seq,
    sentence: `it happened as ${seq}`,
    receivedAt: 5,
    ...more,
  };
}

export function alarm(subject: string, since = 1): FleetAlarm {
  return { kind: 'test', subject, since, sentence: `something is with ${subject}`, toDo: 'nothing' };
}

const entry = (action: string, detail: NewAuditEntry['detail'] = {}): NewAuditEntry => ({
  ...{ at: 7, who: 'anna', action, subject: 'store-1', detail },
});

/** All that a store knows, in a form that two stores can be compared by. */
export async function contentOf(store: HubStore) {
  return store.read(async (tx) => ({
    alarms: await tx.list('alarms'),
    sites: await tx.list('sites'),
    events: await tx.events({ limit: 100_000 }),
    audit: await tx.audit({ limit: 100_000 }),
    blob: await tx.blob(sha256('blob')),
    epoch: store.epoch,
  }));
}

/** One unit that touches all that a unit can write. */
export async function writeOfAll(tx: HubTx): Promise<void> {
  await tx.put('alarms', 'a', alarm('a', 2));
  await tx.delete('alarms', 'gone');
  await tx.next('push');
  await tx.appendEvents([fleetEvent('store-1', 10), fleetEvent('store-1', 11)]);
  await tx.appendAudit(entry('publish.start'));
  await tx.putBlob(sha256('blob'), new TextEncoder().encode('blob'));
}

type Open = HubStoreHarness['open'];

/** The promises of the port `HubStore`, kept by every implementation. */
export function hubStoreConformance(name: string, harness: HubStoreHarness): void {
  const opened: HubStore[] = [];
  const open: Open = async (unitMs) => {
    const store = await harness.open(unitMs);
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(`hub store conformance: ${name}`, () => {
    rows(open);
    units(open);
    looks(open);
    events(open);
    counters(open);
    audit(open);
    blobs(open);
    faults(open, harness);
    backups(open, harness);
    closing(open, harness);
  });
}

function rows(open: Open): void {
  it('keeps a row by its key, replaces it and removes it', async () => {
    const store = await open();
    await store.work(async (tx) => {
      await tx.put('alarms', 'a', alarm('a', 1));
      await tx.put('alarms', 'a', alarm('a', 2));
      await tx.put('alarms', 'b', alarm('b'));
      await tx.delete('alarms', 'b');
      await tx.delete('alarms', 'never there');
    });
    expect(await store.read((tx) => tx.get('alarms', 'a'))).toEqual(alarm('a', 2));
    expect(await store.read((tx) => tx.list('alarms'))).toEqual([{ key: 'a', row: alarm('a', 2) }]);
    expect(await store.read((tx) => tx.get('sites', 'a'))).toBeUndefined();
  });

  it('lists in the order of the keys, by prefix, behind a key, and so many', async () => {
    const store = await open();
    const keys = ['store-1/a', 'store-10/a', 'store-1/é', 'store-1/%', 'Store-1/a', 'store-1/_b'];
    await store.work(async (tx) => {
      for (const key of keys) await tx.put('alarms', key, alarm(key));
    });
    const listed = async (query: Parameters<HubTx['list']>[1]) =>
      (await store.read((tx) => tx.list('alarms', query))).map(({ key }) => key);
    expect(await listed({})).toEqual(['Store-1/a', 'store-1/%', 'store-1/_b', 'store-1/a', 'store-1/é', 'store-10/a']);
    expect(await listed({ prefix: 'store-1/' })).toEqual(['store-1/%', 'store-1/_b', 'store-1/a', 'store-1/é']);
    expect(await listed({ prefix: 'store-1/', after: 'store-1/_b', limit: 1 })).toEqual(['store-1/a']);
    expect(await listed({ prefix: 'store-2' })).toEqual([]);
  });

  it('keeps any value of JSON in meta, and refuses what is none', async () => {
    const store = await open();
    const value = { list: [1, null, 'ä'], none: null };
    await store.work((tx) => tx.put('meta', 'x', value));
    expect(await store.read((tx) => tx.get('meta', 'x'))).toEqual(value);
    await expect(store.work((tx) => tx.put('meta', 'y', undefined))).rejects.toMatchObject({ code: 'internal' });
  });
}

function units(open: Open): void {
  it('sees in a unit what the unit wrote, and answers what the unit answers', async () => {
    const store = await open();
    const seen = await store.work(async (tx) => {
      await tx.put('alarms', 'a', alarm('a'));
      return tx.get('alarms', 'a');
    });
    expect(seen).toEqual(alarm('a'));
  });

  it('keeps nothing of a unit that rejects, and rejects with the very same', async () => {
    const store = await open();
    await store.work((tx) => tx.put('alarms', 'gone', alarm('gone')));
    const before = await contentOf(store);
    const why = new Error('changed my mind');
    const unit = async (tx: HubTx) => {
      await writeOfAll(tx);
      throw why;
    };
    await expect(store.work(unit)).rejects.toBe(why);
    expect(await contentOf(store)).toEqual(before);
    expect(await store.work((tx) => tx.next('push'))).toBe(1);
  });

  it('runs units one after the other, so that none loses what another wrote', async () => {
    const store = await open();
    const addOne = (tx: HubTx) => tx.get('meta', 'sum').then((sum) => tx.put('meta', 'sum', Number(sum ?? 0) + 1));
    await Promise.all(Array.from({ length: 40 }, () => store.work(addOne)));
    expect(await store.read((tx) => tx.get('meta', 'sum'))).toBe(40);
  });

  it('goes on with the others after one that rejected', async () => {
    const store = await open();
    const outcomes = await Promise.allSettled([
      store.work((tx) => tx.put('meta', 'a', 1)),
      store.work(() => Promise.reject(new Error('no'))),
      store.work((tx) => tx.put('meta', 'b', 2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.read((tx) => tx.list('meta'))).toHaveLength(2);
  });

  it('takes back a unit that does not end, lets the next one in, and takes nothing more from the late one', async () => {
    const store = await open(50);
    const late = Promise.withResolvers<HubTx>();
    const endless = store.work(async (tx) => {
      await tx.put('meta', 'a', 1);
      late.resolve(tx);
      return new Promise<never>(() => {});
    });
    const next = store.work((tx) => tx.get('meta', 'a'));
    await expect(endless).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('50 ms') });
    expect(await next).toBeUndefined();
    await expect((await late.promise).put('meta', 'a', 2)).rejects.toMatchObject({ code: 'internal' });
    expect(await store.read((tx) => tx.list('meta'))).toEqual([]);
  });

  it('takes nothing more from a unit that is committed', async () => {
    const store = await open();
    const tx = await store.work(async (open) => open);
    await expect(tx.put('meta', 'a', 1)).rejects.toMatchObject({ code: 'internal' });
  });
}

function looks(open: Open): void {
  it('looks at what is committed while a unit is at work, and at one moment', async () => {
    const store = await open();
    await store.work((tx) => tx.put('meta', 'a', 1));
    await store.read(async (look) => {
      const first = await look.get('meta', 'a');
      await store.work(async (tx) => {
        await tx.put('meta', 'a', 2);
        expect(await store.read((other) => other.get('meta', 'a'))).toBe(1);
      });
      expect([first, await look.get('meta', 'a')]).toEqual([1, 1]);
    });
    expect(await store.read((tx) => tx.get('meta', 'a'))).toBe(2);
  });

  it('writes nothing in a look', async () => {
    const store = await open();
    const writes: ((tx: HubTx) => Promise<unknown>)[] = [
      (tx) => tx.put('meta', 'a', 1),
      (tx) => tx.delete('meta', 'a'),
      (tx) => tx.next('push'),
      (tx) => tx.appendEvents([fleetEvent('store-1', 1)]),
      (tx) => tx.appendAudit(entry('x')),
      (tx) => tx.putBlob(sha256('blob'), new Uint8Array(1)),
    ];
    for (const write of writes) await expect(store.read(write)).rejects.toMatchObject({ code: 'internal' });
  });

  it('serves many looks at once', async () => {
    const store = await open();
    const looked = Array.from({ length: 30 }, () => store.read((tx) => tx.countEvents({})));
    expect(new Set(await Promise.all(looked))).toEqual(new Set([0]));
  });
}

function events(open: Open): void {
  it('keeps each (site, epoch, seq) once, and tells the very same from another one', async () => {
    const store = await open();
    const append = (...given: FleetEvent[]) => store.work((tx) => tx.appendEvents(given));
    expect(await append(fleetEvent('a', 1), fleetEvent('a', 2), fleetEvent('a', 1))).toEqual([
      ...['added', 'added', 'duplicate'],
    ]);
    expect(await append(fleetEvent('a', 1, { receivedAt: 99 }))).toEqual(['duplicate']);
    expect(await append(fleetEvent('a', 1, { sentence: 'another' }), fleetEvent('a', 3))).toEqual([
      'conflict',
      'added',
    ]);
    expect(await append(fleetEvent('a', 2, { slot: 'pos-1' }))).toEqual(['conflict']);
    expect(await append(fleetEvent('b', 1), fleetEvent('a', 1, { epoch: 'e2' }))).toEqual(['added', 'added']);
    const kept = await store.read((tx) => tx.events({ limit: 10 }));
    expect(kept.map(({ site, epoch, seq }) => `${site} ${epoch} ${seq}`)).toEqual([
      ...['a e1 1', 'a e1 2', 'a e1 3', 'b e1 1', 'a e2 1'],
    ]);
    expect(kept.every(({ id }, i) => id > (kept[i - 1]?.id ?? 0))).toBe(true);
  });

  it('gives an event back as it came', async () => {
    const store = await open();
    const full = fleetEvent('a', 1, { machine: 'm1', slot: 'pos-1', boot: 'b1', data: '{"x":[1]}', through: 9 });
    const bare = fleetEvent('a', 2);
    await store.work((tx) => tx.appendEvents([full, bare]));
    expect(await store.read((tx) => tx.events({ limit: 10 }))).toEqual([
      { id: 1, ...full },
      { id: 2, ...bare },
    ]);
  });

  it('finds by site, slot, types and place, in both directions, and counts alike', async () => {
    const store = await open();
    const given = Array.from({ length: 24 }, (_, i) =>
      fleetEvent(`store-${i % 2}`, i, {
        type: ['enrolled', 'lost', 'gap'][i % 3] ?? '',
        slot: `pos-${i % 4}`,
        receivedAt: i,
      }),
    );
    await store.work((tx) => tx.appendEvents(given));
    const all = await store.read((tx) => tx.events({ limit: 100 }));
    const queries = [{}, { site: 'store-1' }, { slot: 'pos-2' }, { types: ['lost', 'gap'] }, { types: [] }].flatMap(
      (one) => [one, { ...one, site: 'store-0', slot: 'pos-2' }],
    );
    for (const query of queries) {
      const { site, slot, types } = { site: undefined, slot: undefined, types: undefined, ...query };
      const matching = all.filter(
        (event) =>
          (site === undefined || event.site === site) &&
          (slot === undefined || event.slot === slot) &&
          (types === undefined || (types as readonly string[]).includes(event.type)),
      );
      const found = await store.read((tx) => tx.events({ ...query, limit: 100 }));
      expect(found).toEqual(matching);
      expect(await store.read((tx) => tx.countEvents(query))).toBe(matching.length);
      const back = await store.read((tx) => tx.events({ ...query, limit: 3, newestFirst: true, beforeId: 20 }));
      expect(back).toEqual(
        matching
          .filter(({ id }) => id < 20)
          .reverse()
          .slice(0, 3),
      );
      const later = { ...query, receivedFrom: 10, receivedBefore: 20 };
      const between = matching.filter(({ receivedAt }) => receivedAt >= 10 && receivedAt < 20);
      expect(await store.read((tx) => tx.events({ ...later, limit: 2, offset: 1 }))).toEqual(between.slice(1, 3));
      expect(await store.read((tx) => tx.countEvents(later))).toBe(between.length);
      const on = await store.read((tx) => tx.events({ ...query, limit: 3, afterId: 5 }));
      expect(on).toEqual(matching.filter(({ id }) => id > 5).slice(0, 3));
    }
  });
}

function counters(open: Open): void {
  it('counts each kind from 1 on, and gives no number twice', async () => {
    const store = await open();
    const numbers = await Promise.all(Array.from({ length: 20 }, () => store.work((tx) => tx.next('push'))));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await store.work((tx) => tx.next('publication'))).toBe(1);
  });
}

function audit(open: Open): void {
  it('chains the entries, and any change of one shows', async () => {
    const store = await open();
    const details: NewAuditEntry['detail'][] = [{}, { b: 1, a: { d: null, c: undefined } }, { text: 'ä"\u2028' }];
    for (const detail of details) await store.work((tx) => tx.appendAudit(entry('invite', detail)));
    const kept = await store.read((tx) => tx.audit({ limit: 10 }));
    const start = { id: 0, digest: NOTHING_BEFORE };
    expect(kept.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(findAuditFault(kept, start, sha256)).toBeUndefined();
    kept.forEach((one, i) => {
      const changes = [
        { who: 'eve' },
        { at: 8 },
        { detail: { b: 2 } },
        { digest: sha256('x') },
        { before: sha256('x') },
      ];
      for (const change of changes) {
        const changed = kept.with(i, { ...one, ...change });
        expect(findAuditFault(changed, start, sha256)?.id).toBe(one.id);
      }
    });
    expect(findAuditFault(kept.toSpliced(1, 1), start, sha256)).toEqual({
      id: 3,
      because: expect.stringMatching('2 is missing'),
    });
  });

  it('answers what it wrote, from a place on, and the newest first', async () => {
    const store = await open();
    const written = [];
    for (const action of ['a', 'b', 'c']) written.push(await store.work((tx) => tx.appendAudit(entry(action))));
    expect(await store.read((tx) => tx.audit({ limit: 10 }))).toEqual(written);
    expect(await store.read((tx) => tx.audit({ limit: 1, afterId: 1 }))).toEqual([written[1]]);
    expect(await store.read((tx) => tx.audit({ limit: 2, newestFirst: true }))).toEqual([written[2], written[1]]);
  });
}

function blobs(open: Open): void {
  it('keeps bytes by their digest, however often they come', async () => {
    const store = await open();
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    await store.work((tx) => tx.putBlob(sha256('big'), bytes));
    await store.work((tx) => tx.putBlob(sha256('big'), bytes));
    await store.work((tx) => tx.putBlob(sha256(''), new Uint8Array(0)));
    expect(Buffer.compare((await store.read((tx) => tx.blob(sha256('big')))) ?? new Uint8Array(0), bytes)).toBe(0);
    expect((await store.read((tx) => tx.blob(sha256(''))))?.length).toBe(0);
    expect(await store.read((tx) => tx.blob(sha256('other')))).toBeUndefined();
    await store.work((tx) => tx.deleteBlob(sha256('big')));
    await store.work((tx) => tx.deleteBlob(sha256('other')));
    expect(await store.read((tx) => tx.blob(sha256('big')))).toBeUndefined();
    await expect(store.read((tx) => tx.deleteBlob(sha256('')))).rejects.toThrow('writes nothing');
  });
}

function faults(open: Open, harness: HubStoreHarness): void {
  it('leaves nothing half, whichever statement of a unit fails, and is whole after it', async () => {
    const store = await open();
    await store.work((tx) => tx.put('alarms', 'gone', alarm('gone')));
    const before = await contentOf(store);
    let nth = 1;
    for (; ; nth++) {
      await harness.failNth(store, nth, nth % 2 ? 'full' : 'broken');
      const outcome = await store.work(writeOfAll).then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
      await harness.heal(store);
      if (outcome === 'done') break;
      expect(outcome).toBe(nth % 2 ? 'disk-full' : 'disk-failed');
      expect(await contentOf(store)).toEqual(before);
    }
    // Begin, the writes and the commit each are a statement at least.
    expect(nth).toBeGreaterThan(9);
    const after = await contentOf(store);
    expect([after.alarms.length, after.events.length, after.audit.length]).toEqual([1, 2, 1]);
    expect(await store.work((tx) => tx.next('push'))).toBe(2);
  });

  it('keeps nothing of a unit that goes on after a step that failed', async () => {
    const store = await open();
    await harness.failNth(store, 3, 'full');
    const unit = store.work(async (tx) => {
      await tx.put('meta', 'a', 1);
      await tx.put('meta', 'b', 2).catch(() => {});
      await tx.put('meta', 'c', 3).catch(() => {});
    });
    await expect(unit).rejects.toMatchObject({ code: 'disk-full' });
    expect(await store.read((tx) => tx.list('meta'))).toEqual([]);
  });
}

function closing(open: Open, harness: HubStoreHarness): void {
  it('finishes what came before the close, and takes nothing after it', async () => {
    const store = await open();
    const units = Array.from({ length: 5 }, (_, i) => store.work((tx) => tx.put('meta', String(i), i)));
    const closed = store.close();
    await expect(store.work((tx) => tx.next('x'))).rejects.toMatchObject({ code: 'site-not-ready' });
    await Promise.all([...units, closed]);
    await store.close();
  });

  const { reopen } = harness;
  if (!reopen) return;
  it('has all of it when it is opened again, with the same epoch', async () => {
    const store = await open();
    await store.work(writeOfAll);
    const before = await contentOf(store);
    const again = await reopen(store);
    try {
      expect(await contentOf(again)).toEqual(before);
      expect(await again.work((tx) => tx.next('push'))).toBe(2);
      expect(await again.work((tx) => tx.appendEvents([fleetEvent('store-1', 10)]))).toEqual(['duplicate']);
    } finally {
      await again.close();
    }
  });

  it('has an epoch of its own in each database', async () => {
    expect((await open()).epoch).not.toBe((await open()).epoch);
  });
}

function backups(open: Open, harness: HubStoreHarness): void {
  it('copies what is committed while units go on, and replaces an older copy', async () => {
    const store = await open();
    await store.work(writeOfAll);
    const path = harness.backupPath();
    await store.backup(path);
    let isDone = false;
    const writing = (async () => {
      for (let n = 1; !isDone; n++) await store.work((tx) => tx.put('meta', 'n', n));
    })();
    const { bytes } = await store.backup(path, [{ name: 'ca/root.pem', bytes: new Uint8Array(3) }]);
    isDone = true;
    await writing;
    expect(bytes).toBeGreaterThan(10_000);
  });
}
