import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { readLoad } from '../../src/lab/sites/hub-load.ts';
import { startLocalHub } from '../../src/lab/sites/local-hub.ts';
import { Measures } from '../../src/lab/sites/measures.ts';
import { SimSite } from '../../src/lab/sites/sim-site.ts';
import { createSimTime } from '../../src/lab/sites/sim-time.ts';
import { Refusal } from '../../src/wire/link/refusals.ts';
import { tomorrow } from './support/clocks.ts';
import { read } from './support/ledger.ts';

const SITES = 120;
/** Of each site, in the day without head office. */
const BACKLOG = 250;
const DAY_MS = 86_400_000;
const MOST_GROWTH_BYTES = 300 * 1024 * 1024;
const dirs: string[] = [];

afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

it('a day without head office ends for all sites at once: it sheds, each comes again as told, all of it arrives once, and its memory is bounded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-outage-'));
  dirs.push(dir);
  const hub = await startLocalHub({ workDir: dir, count: SITES });
  const today = createSimTime();
  let laterMs = 0;
  const time = { ...today, learn: today.learn, now: () => today.now() + laterMs };
  const measures = new Measures(() => time.monotonic());
  const sites = hub.invites.map(
    ({ site, code }) =>
      new SimSite(site, code, {
        ...{ url: hub.url, time, random: systemRandom, measures },
        ...{ eventsPerMinute: 0, settleMs: 0, trialMs: 0, revertShare: 0 },
      }),
  );
  let again: Awaited<ReturnType<typeof startHub>> | undefined;
  try {
    for (let i = 0; i < SITES; i += 20) await Promise.all(sites.slice(i, i + 20).map((site) => site.join()));
    await hub.process.stop('SIGKILL');
    for (const site of sites) site.happen(BACKLOG);
    laterMs = DAY_MS;
    measures.begin();
    again = await startHub({ workDir: dir, config: hub.config, on: tomorrow });
    const { pid } = again;
    const before = (await readLoad(pid))?.rssBytes ?? 0;
    let most = 0;
    const watch = setInterval(() => {
      void readLoad(pid).then((load) => {
        most = Math.max(most, load?.rssBytes ?? 0);
      });
    }, 100);
    const end = AbortSignal.timeout(50_000);
    await Promise.all(
      sites.map(async (site) => {
        await untilThrough(() => site.reconnect(), end);
        await site.flush(end);
      }),
    ).finally(() => clearInterval(watch));
    const { hello, report } = measures.figures();
    expect(sites.map(({ counts }) => counts.acked)).toEqual(sites.map(() => BACKLOG));
    // Not all were let in at once.
    expect(Object.values(hello?.failed ?? {}).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
    expect(report?.answered).toBeGreaterThanOrEqual(2 * SITES);
    expect(most - before).toBeLessThan(MOST_GROWTH_BYTES);
    const there = read(join(dir, 'data/hub.db'), (db) =>
      db.prepare('select count(*) as n, count(distinct site) as sites, max(seq) as last from events').get(),
    );
    expect(there).toEqual({ n: SITES * BACKLOG, sites: SITES, last: BACKLOG });
  } finally {
    await Promise.all(sites.map((site) => site.close()));
    await again?.stop('SIGKILL');
    await hub.process.stop('SIGKILL');
  }
}, 120_000);

/** As a site does it: full jitter, and what head office asked for first. */
async function untilThrough(act: () => Promise<unknown>, end: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await act();
      return;
    } catch (error) {
      if (end.aborted) throw error;
      const least = error instanceof Refusal ? error.pauseMs : 0;
      await pause(least + Math.random() * Math.min(8_000, 500 * 2 ** tries));
    }
  }
}
