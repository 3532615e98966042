// What head office's store takes on this disk: events a second in batches of 50 as sites report them, and small units a
// second as a Hello makes them. usage: node test/bench/hub-store.ts [DIRECTORY ON THE DISK TO MEASURE]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import type { FleetEvent } from '../../src/model/fleet/hub-store.ts';

const seconds = 5;
const batch = 50;
const dir = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'slipway-hub-bench-'));
const path = join(dir, 'hub.db');
const store = await openHubStore(path);

const batches = await perSecond((n) =>
  store.work(async (tx) => {
    const site = `store-${String(n % 500).padStart(4, '0')}`;
    const first = Math.floor(n / 500) * batch + 1;
    const events = Array.from({ length: batch }, (_, i) => event(site, first + i));
    await tx.appendEvents(events);
    await tx.put('cursors', `${site}/e1`, { site, epoch: 'e1', through: first + batch - 1, startedAt: 0 });
  }),
);
const bytes = statSync(path).size;
const units = await perSecond((n) =>
  store.work(async (tx) => {
    const key = `sum-${n % 500}`;
    await tx.put('meta', key, Number((await tx.get('meta', key)) ?? 0) + 1);
  }),
);
const count = await store.read((tx) => tx.countEvents({}));
await store.close();
rmSync(dir, { recursive: true });
process.stdout.write(
  `events/s in batches of ${batch}: ${(batches * batch).toFixed(0)} (${batches.toFixed(0)} units/s)\n`,
);
process.stdout.write(`small units/s: ${units.toFixed(0)}\n`);
process.stdout.write(`bytes per event, with its indexes: ${(bytes / count).toFixed(0)}\n`);

/** 32 callers, each with one unit out, as many sites at once. */
async function perSecond(unit: (n: number) => Promise<void>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  let next = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await unit(next++);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 32 }, caller));
  return done / seconds;
}

function event(site: string, seq: number): FleetEvent {
  const sentence = 'pos-1 is enrolled: it phoned home from 192.0.2.17 with its new configuration';
  const data = JSON.stringify({ profile: 'pos', binding: 3, remote: '192.0.2.17', minutes: 14 });
  const about = { machine: 'm-52540012abcd', slot: 'pos-1', boot: `b-${seq}`, data };
  return { site, epoch: 'e1', seq, type: 'enrolled', at: seq, sentence, receivedAt: seq, ...about };
}
