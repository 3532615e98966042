import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openHubStore, type SqliteHubStore } from '../../adapters/store/hub-store.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { FleetSite, PublicationSite } from '../../model/fleet/hub-rows.ts';
import { watchAlarms } from './watch.ts';

let store: SqliteHubStore;
beforeEach(async () => {
  store = await openHubStore(':memory:');
});
afterEach(() => store.close());

const site = (name: string, lastHeardAt: number): FleetSite => ({
  ...{ name, createdAt: 0, state: 'enrolled', labels: {}, confirmedNumber: 1, highestNumber: 1, lastHeardAt },
});
const keys = async () => (await store.read((tx) => tx.list('alarms'))).map(({ key }) => key);

/** The watch with a clock that the test moves; `look` lets it look once and waits until it is done. */
function startWatch() {
  let now = 1_000_000;
  let next: (() => void) | undefined;
  const scheduled: number[] = [];
  let onScheduled = () => {};
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: (delayMs, run) => {
      scheduled.push(delayMs);
      next = run;
      onScheduled();
      return () => {
        next = undefined;
      };
    },
  };
  const lines: string[] = [];
  const note = (_fields: object, message: string) => void lines.push(message);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const random = { unit: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
  const watch = watchAlarms({ store, clock, random, log, dataDir: tmpdir(), silentAfterMs: 60_000 });
  const look = async (at: number) => {
    now = at;
    const again = new Promise<void>((resolve) => {
      onScheduled = resolve;
    });
    next?.();
    await again;
  };
  return { watch, look, lines, scheduled };
}

it('writes alarms when the facts are so, says each once, and takes them back', async () => {
  await store.work(async (tx) => {
    await tx.put('sites', 'store-1', site('store-1', 1_000_000));
    await tx.put('sites', 'store-2', site('store-2', 1_000_000));
    await tx.put('meta', 'backup', { at: 1_000_000, path: '/x', bytes: 1, by: 'anna' });
    await tx.put('alarms', 'of-somebody-else/x', {
      ...{ kind: 'of-somebody-else', subject: 'x', since: 1, sentence: 'x', toDo: 'x' },
    });
  });
  const { watch, look, lines, scheduled } = startWatch();
  await look(1_010_000);
  expect(await keys()).toEqual(['of-somebody-else/x']);
  await store.work((tx) => tx.put('sites', 'store-2', site('store-2', 1_090_000)));
  await look(1_100_000);
  await look(1_101_000);
  expect(await keys()).toEqual(['of-somebody-else/x', 'site-silent/store-1']);
  expect(lines).toEqual(['store-1 was not heard since 1970-01-01 00:16 UTC']);
  await store.work((tx) => tx.put('sites', 'store-1', site('store-1', 1_101_000)));
  await look(1_102_000);
  expect(await keys()).toEqual(['of-somebody-else/x']);
  expect(scheduled).toEqual([0, 60_000, 60_000, 60_000, 60_000]);
  await watch.stop();
});

it('reads how a site is with what it is to have, and not how it was with what it was to have once', async () => {
  const tried = (publication: string, state: PublicationSite['state']): PublicationSite => ({
    ...{ publication, site: 'store-1', number: 3, isCanary: false, state, since: 5 },
  });
  const desired = { site: 'store-1', number: 3, bundle: '' as never, sizeBytes: 1, publication: 'r2' };
  await store.work(async (tx) => {
    await tx.put('publicationSites', 'r1/store-1', tried('r1', 'refused'));
    await tx.put('publicationSites', 'r2/store-1', tried('r2', 'reverted'));
    await tx.put('publicationSites', 'r2/store-2', { ...tried('r2', 'reverted'), site: 'store-2' });
    await tx.put('desired', 'store-1', desired);
  });
  const { watch, look } = startWatch();
  await look(1_010_000);
  expect(await keys()).toEqual(['revision-reverted/store-1']);
  await watch.stop();
});

it('goes on looking after a look that failed, and says so', async () => {
  const { watch, look, lines } = startWatch();
  const broken = store.read;
  store.read = () => Promise.reject(new Error('no'));
  await look(1_010_000);
  store.read = broken;
  await store.work((tx) => tx.put('sites', 'store-1', site('store-1', 1)));
  await look(1_100_000);
  expect(lines[0]).toBe('the alarms of head office could not be looked at');
  expect(await keys()).toContain('site-silent/store-1');
  await watch.stop();
});
