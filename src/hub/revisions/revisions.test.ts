import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../../test/support/link-hub.ts';
import { renderHere } from '../../../test/support/render-here.ts';
import { crypto, keySetOf, signed, testKey } from '../../../test/support/sample-bundle.ts';
import { retailFiles } from '../../../test/support/sample-fleet.ts';
import { bytesOf, contentOf, fleetSite, keySetFile, pushed, pushOf } from '../../../test/support/sample-push.ts';
import { SampleClock } from '../../../test/support/sample-site.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import type { Digest } from '../../kernel/digest.ts';
import { ok } from '../../kernel/result.ts';
import type { FleetRenderer } from '../../model/fleet/fleet-renderer.ts';
import type { FleetSite, SiteRevision } from '../../model/fleet/hub-rows.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import { formatArchive, type PushBody, type PushJob } from '../../wire/api/pushes.ts';
import { BUNDLE_NEEDS } from '../../wire/link/revision-bundle.ts';
import { verifyBundle } from '../../wire/link/verify-bundle.ts';
import { takeIn } from './intake.ts';
import { openRevisions } from './revisions.ts';
import { noteUnnamed, sweepUnnamed } from './unnamed.ts';

const ada = testKey('Ada');
const bob = testKey('Bob');
const first = keySetOf(1, [ada]);
const second = keySetOf(2, [bob], { [ada.id]: 2 });
const opened: HubStore[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

/** A store of what is refused: nothing of it is kept, so that one is enough. */
let bare: HubStore;
beforeAll(async () => {
  bare = await openHubStore(':memory:');
});
afterAll(() => bare.close());

async function setUp(...sites: readonly FleetSite[]) {
  const store = sites.length > 0 ? bare : await openHubStore(':memory:');
  if (store !== bare) opened.push(store);
  const rows = sites.length > 0 ? sites : ['store-0417', 'store-0418', 'store-0901'].map((name) => fleetSite(name));
  await store.work(async (tx) => {
    for (const site of rows) await tx.put('sites', site.name, site);
  });
  const clock = new SampleClock();
  const deps = { store, renderer: renderHere, crypto, clock, log: silentLog };
  const room = await openRevisions({ ...deps, keySetFiles: [keySetFile([signed(first, ada)])] });
  const push = async (body: PushBody): Promise<PushJob> => {
    let job = await room.desk.begin(bytesOf(body), 'ada');
    while (job.state === 'running') {
      await new Promise((resolve) => setImmediate(resolve));
      job = room.desk.job(job.job);
    }
    return job;
  };
  const fetch = async (site: string, digest: string, offset = 0, maxBytes = 0) =>
    room.handlers.fetch(
      { site, serial: '1', remote: '', throughProxy: false },
      { digest: Buffer.from(digest, 'hex'), offset: BigInt(offset), maxBytes },
      new AbortController().signal,
    );
  const rowsOf = (site: string) =>
    store.read(async (tx) => (await tx.list('revisions', { prefix: `${site}/` })).map(({ row }) => row));
  return { store, ...room, deps, push, fetch, rowsOf };
}

test('a push becomes rows, bundles and labels, all at once, and each site fetches its own', async () => {
  const { push, fetch, rowsOf, store, desk } = await setUp();
  const job = await push(pushOf(ada, ['store-0417', 'store-0901']));
  expect(job).toMatchObject({ state: 'done', push: 'p1', done: 2, of: 2 });
  const [row] = await rowsOf('store-0417');
  expect(row).toMatchObject({
    number: 1,
    kind: 'forward',
    push: 'p1',
    content: contentOf('store-0417'),
    keyId: ada.id,
  });
  const whole = await fetch('store-0417', row?.bundle ?? '');
  expect(whole.sizeBytes).toBe(BigInt(row?.sizeBytes ?? 0));
  const expected = { site: 'store-0417', keys: first, capabilities: Object.values(BUNDLE_NEEDS), above: 0 };
  const text = Buffer.from(whole.chunk).toString('utf8');
  expect(verifyBundle(text, expected, crypto)).toMatchObject({ ok: true, value: { revision: { number: 1 } } });
  const piece = await fetch('store-0417', row?.bundle ?? '', 10, 5);
  expect(Buffer.from(piece.chunk)).toEqual(Buffer.from(whole.chunk.subarray(10, 15)));
  await expect(fetch('store-0901', row?.bundle ?? '')).rejects.toMatchObject({ reason: 'bundle-unknown' });

  const site = await store.read((tx) => tx.get('sites', 'store-0418'));
  expect(site?.labels).toEqual({ region: 'eu', tier: 'large', canary: 'yes' });
  expect(await store.read((tx) => tx.audit({ limit: 9 }))).toMatchObject([
    { who: 'ada', action: 'push', subject: 'p1' },
  ]);
  const { sites } = await desk.sites();
  expect(sites.find((one) => one.site === 'store-0417')).toMatchObject({ nextNumber: 3, newest: { number: 1 } });
});

test('the way back has the content that is confirmed, signed ahead', async () => {
  const { push, rowsOf, store, desk, fetch } = await setUp();
  await push(pushOf(ada, ['store-0417']));
  await store.work((tx) =>
    tx.put('sites', 'store-0417', fleetSite('store-0417', { confirmedNumber: 1, highestNumber: 1 })),
  );
  const files = { ...retailFiles(), 'documents/till.yaml': '#cloud-config\nhostname: {{ slot.name }}\n' };
  const next = pushOf(ada, ['store-0417'], { files, number: 3 });
  const back = pushed(ada, { site: 'store-0417', number: 4, content: contentOf('store-0417') });
  expect(await push({ ...next, sites: next.sites.map((one) => ({ ...one, back })) })).toMatchObject({ state: 'done' });
  const rows = await rowsOf('store-0417');
  expect(rows.map(({ number, kind }) => [number, kind])).toEqual([
    [1, 'forward'],
    [3, 'forward'],
    [4, 'back'],
  ]);
  const [, , last] = rows;
  const bundle = Buffer.from((await fetch('store-0417', last?.bundle ?? '')).chunk).toString('utf8');
  const expected = { site: 'store-0417', keys: first, capabilities: Object.values(BUNDLE_NEEDS), above: 3 };
  expect(verifyBundle(bundle, expected, crypto)).toMatchObject({
    ok: true,
    value: { revision: { number: 4, digest: contentOf('store-0417') } },
  });
  expect((await desk.bundle('store-0417', 3)).content).not.toBe((await desk.bundle('store-0417', 4)).content);
  await expect(desk.bundle('store-0417', 2)).rejects.toMatchObject({ code: 'not-found' });
});

const content = contentOf('store-0417');
const SITE = 'store-0417';
test.each<[string, () => PushBody, string, Partial<FleetSite>?]>([
  ['a stranger', () => pushOf(bob, [SITE]), 'knows no such key'],
  ['sources that are not those that were signed', changedSources, 'something else than was signed'],
  ['a number that is taken', () => pushOf(ada, [SITE], { number: 5 }), 'number 5 is taken', { highestNumber: 5 }],
  ['a site that head office does not know', () => pushOf(ada, [SITE, 'store-0418']), 'slipway hub invite'],
  ['a site that was closed', () => pushOf(ada, [SITE]), 'was closed', { state: 'retired' }],
  [
    'a statement of another site',
    () => sitesOf(pushed(ada, { site: 'store-0418', number: 1, content })),
    'of site store-0418',
  ],
  [
    'a way back to elsewhere',
    () => sitesOf(first1(), pushed(ada, { site: SITE, number: 2, content })),
    'the way back is not',
  ],
  [
    'a way back with another number',
    () => sitesOf(first1(), pushed(ada, { site: SITE, number: 3, content })),
    'the number behind',
  ],
  [
    'a changed statement',
    () => sitesOf({ ...first1(), statement: first1().statement.replace('":1,', '":2,') }),
    'does not fit',
  ],
  ['secrets that were put in later', () => sitesOf({ ...first1(), secrets: sealedFor('k') }), 'secrets are not what'],
  [
    'secrets for another box',
    () => sitesOf(pushed(ada, { site: SITE, number: 1, content, secrets: sealedFor('old') })),
    'not sealed for the box',
    { sealingKey: 'new' },
  ],
  ['what the site cannot read', () => pushOf(ada, [SITE]), 'does not know revision/v1', { capabilities: [] }],
  ['sources that are none', () => ({ ...pushOf(ada, [SITE]), sources: '{}' }), 'not the archive'],
  [
    'a file that is missing',
    () => ({ ...pushOf(ada, [SITE]), sources: without('documents/till.yaml') }),
    'is not in the sources',
  ],
])('%s is refused, and nothing of it is kept', async (_, body, because, known = {}) => {
  const { push, rowsOf, store } = await setUp(fleetSite(SITE, known));
  const job = await push(body());
  expect(job.state).toBe('refused');
  expect(job.because).toContain(because);
  expect(await rowsOf(SITE)).toEqual([]);
  expect(await store.read((tx) => tx.list('pushes'))).toEqual([]);
  expect((await store.read((tx) => tx.get('sites', SITE)))?.labels).toEqual({});
});

function first1() {
  return pushed(ada, { site: SITE, number: 1, content });
}
function sitesOf(forward: ReturnType<typeof pushed>, back?: ReturnType<typeof pushed>): PushBody {
  return pushOf(ada, [], { sites: [{ site: SITE, forward, ...(back && { back }) }] });
}
function sealedFor(recipient: string) {
  return { joinToken: { recipient, ephemeralKey: 'e', nonce: 'n', ciphertext: 'c' } };
}
function without(name: string): string {
  const { [name]: _, ...files } = retailFiles();
  return formatArchive(files);
}
function changedSources(): PushBody {
  const files = retailFiles();
  return {
    ...pushOf(ada, [SITE]),
    sources: formatArchive({ ...files, 'documents/till.yaml': 'hostname: {{ slot.name }}\n' }),
  };
}

test('a push that another one overtook while it was rendered is refused', async () => {
  const { deps } = await setUp();
  const slow = {
    open: async (sources: string) => {
      await deps.store.work((tx) => tx.put('meta', `numbers/${SITE}`, { newest: 1, highest: 2 }));
      return renderHere.open(sources);
    },
  };
  const room = await openRevisions({ ...deps, renderer: slow, keySetFiles: [] });
  const { job } = await room.desk.begin(bytesOf(pushOf(ada, [SITE])), 'ada');
  while (room.desk.job(job).state === 'running') await new Promise((resolve) => setImmediate(resolve));
  expect(room.desk.job(job).because).toContain('another push came in between');
  expect(await deps.store.read((tx) => tx.list('pushes'))).toEqual([]);
});

test('bundles of a push that was cut short go with the next start, or at once if it was refused; those of a row stay', async () => {
  const { store, deps, push, rowsOf } = await setUp();
  const blobs = async (kept: readonly Digest[]): Promise<number> =>
    store.read(async (tx) => (await Promise.all(kept.map((one) => tx.blob(one)))).filter((one) => one).length);
  const begun = pushOf(ada, ['store-0417', 'store-0418', 'store-0901']);
  const marks = () => store.read((tx) => tx.list('meta', { prefix: 'unnamed/' }));
  // The process ends while the third site is rendered.
  const dying: FleetRenderer = {
    open: async (sources) => {
      const opened = await renderHere.open(sources);
      if (!opened.ok) return opened;
      const never = new Promise<never>(() => undefined);
      const { render } = opened.value;
      return ok({ ...opened.value, render: (site) => (site === 'store-0901' ? never : render(site)) });
    },
  };
  void takeIn(begun, 'ada', { ...deps, renderer: dying }, () => undefined);
  await expect.poll(async () => (await marks()).length).toBe(2);
  const cut = (await marks()).map(({ row }) => (row as SiteRevision).bundle);
  expect(await blobs(cut)).toBe(2);
  await openRevisions({ ...deps, keySetFiles: [] });
  expect([await blobs(cut), await marks()]).toEqual([0, []]);

  // One of the sites of a push is rendered to something else: all of it is refused, and nothing lies about.
  const refused = pushOf(ada, ['store-0417'], { number: 1 });
  const wrong = pushed(ada, { site: 'store-0418', number: 1, content: contentOf('store-0901') });
  const body = { ...refused, sites: [...refused.sites, { site: 'store-0418', forward: wrong }] };
  expect(await push(body)).toMatchObject({ state: 'refused', done: 1 });
  expect([await blobs(cut), await marks()]).toEqual([0, []]);

  // The same once more comes to the same bundle, which a row names now.
  expect(await push(refused)).toMatchObject({ state: 'done' });
  const [row] = await rowsOf('store-0417');
  await store.work((tx) => noteUnnamed(tx, row as SiteRevision));
  expect(await sweepUnnamed(store)).toBe(1);
  expect(await blobs([row?.bundle as Digest])).toBe(1);
});

test('a newer key set comes with a push, is kept, and the retired key signs nothing more', async () => {
  const { push, keySetVersion, keySets, store, deps } = await setUp();
  const sets = [signed(first, ada), signed(second, ada)];
  expect(await push(pushOf(ada, [SITE], { keySets: sets }))).toMatchObject({
    state: 'refused',
    because: expect.stringContaining('was retired with key set 2'),
  });
  expect(await store.read(keySetVersion)).toBe(1);
  expect(await push(pushOf(bob, [SITE], { keySets: sets }))).toMatchObject({ state: 'done' });
  expect(await store.read(keySetVersion)).toBe(2);
  expect(await store.read(keySets)).toHaveLength(2);
  expect((await push(pushOf(ada, ['store-0418']))).because).toContain('was retired');
  // A hub that still has the older file starts.
  await expect(openRevisions({ ...deps, keySetFiles: [keySetFile([signed(first, ada)])] })).resolves.toBeDefined();
  const forged = keySetFile([signed(first, ada), signed(second, ada), signed(keySetOf(3, [ada]), ada)]);
  await expect(openRevisions({ ...deps, keySetFiles: [forged] })).rejects.toMatchObject({ code: 'config-invalid' });
});

test('a key set may come alone; a hub without one takes nothing', async () => {
  const { push, store, keySetVersion, deps } = await setUp();
  const alone = await push(pushOf(ada, [], { keySets: [signed(first, ada), signed(second, ada)] }));
  expect(alone).toMatchObject({ state: 'done' });
  expect(alone.push).toBeUndefined();
  expect(await store.read(keySetVersion)).toBe(2);
  const empty = await openHubStore(':memory:');
  opened.push(empty);
  const room = await openRevisions({ ...deps, store: empty, keySetFiles: [] });
  const { job } = await room.desk.begin(bytesOf(pushOf(ada, [SITE], { keySets: [signed(first, ada)] })), 'ada');
  while (room.desk.job(job).state === 'running') await new Promise((resolve) => setImmediate(resolve));
  expect(room.desk.job(job).because).toContain('was given no release keys');
});

test('the same bytes are one push; two at once and nonsense are refused', async () => {
  const { desk, push, rowsOf } = await setUp();
  const bytes = bytesOf(pushOf(ada, [SITE]));
  const [one, again] = [await desk.begin(bytes, 'ada'), await desk.begin(bytes, 'ada')];
  expect(again.job).toBe(one.job);
  await expect(desk.begin(bytesOf(pushOf(ada, ['store-0418'])), 'ada')).rejects.toMatchObject({
    code: 'command-refused',
  });
  expect(await push(pushOf(ada, [SITE]))).toMatchObject({ state: 'done', job: one.job });
  expect(await rowsOf(SITE)).toHaveLength(1);
  await expect(desk.begin(Buffer.from('{}'), 'ada')).rejects.toMatchObject({ code: 'usage-invalid' });
  await expect(desk.begin(bytesOf(pushOf(ada, [])), 'ada')).rejects.toMatchObject({ code: 'usage-invalid' });
  await expect(desk.begin(bytesOf(pushOf(ada, [SITE, SITE])), 'ada')).rejects.toMatchObject({ code: 'usage-invalid' });
  expect(() => desk.job('none')).toThrow('push again');
});
