import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { run } from '../../src/lab/command.ts';
import { type LocalHub, startLocalHub } from '../../src/lab/sites/local-hub.ts';
import { runSites, type SitesReport, type SitesRun } from '../../src/lab/sites/run-sites.ts';
import { createSimTime } from '../../src/lab/sites/sim-time.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';

const BIN = join(import.meta.dirname, '../../bin/slipway.js');
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dirs: string[] = [];

afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

async function openHub(count: number): Promise<LocalHub & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-sites-'));
  dirs.push(dir);
  return { dir, ...(await startLocalHub({ workDir: dir, count })) };
}

function simulate(
  hub: LocalHub,
  more: Partial<SitesRun> = {},
  say: (text: string) => void = () => {},
): Promise<SitesReport> {
  const { url, invites, process: own } = hub;
  return runSites(
    {
      ...{ url, invites, hubPid: own.pid, withinMs: 500, durationMs: 2_500, eventsPerMinute: 240 },
      ...{ trialMs: 100, revertShare: 0, ...more },
    },
    { time: createSimTime(), random: systemRandom },
    say,
    new AbortController().signal,
  );
}

/** What head office has on disk, counted by nobody else. */
async function counted(dir: string): Promise<{ readonly events: number; readonly enrolments: number }> {
  const store = await openHubStore(join(dir, 'data', 'hub.db'), { log: SILENT, onLost: () => {} });
  try {
    return await store.read(async (tx) => ({
      events: await tx.countEvents({}),
      enrolments: await tx.countEvents({ types: ['node-enrolled'] }),
    }));
  } finally {
    await store.close();
  }
}

it.concurrent('a few dozen sites join, come back at once and report, and head office has each event once', async () => {
  const hub = await openHub(24);
  const { phases, events, hubRssPerSite } = await simulate(hub).finally(() => hub.process.stop());
  expect(phases.map(({ name, sites }) => [name, sites])).toEqual([
    ['join', 24],
    ['connect', 24],
    ['live', 24],
  ]);
  expect(
    phases
      .flatMap(({ calls }) => Object.values(calls).map(({ failed }) => failed))
      .filter((failed) => Object.keys(failed).length > 0),
  ).toEqual([]);
  expect(phases[0]?.calls['enroll']).toMatchObject({ answered: 24 });
  expect(phases[1]).toMatchObject({ hubCpuMs: expect.any(Number), hubRssBytes: expect.any(Number) });
  expect(hubRssPerSite).toEqual(expect.any(Number));
  expect(events.made).toBeGreaterThan(24 * 3);
  expect(events.acked).toBe(events.made);
  expect(await counted(hub.dir)).toEqual({ events: events.made, enrolments: events.enrolments });
});

it.concurrent('a head office that is killed in the midst of it loses nothing that it acknowledged, and counts nothing twice', async () => {
  const hub = await openHub(12);
  let next: Promise<SlipwayProcess> | undefined;
  const kill = (): void => {
    next = hub.process.stop('SIGKILL').then(() => hub.again());
  };
  // Once all of them have joined, however long a busy machine takes for that.
  const { events, phases } = await simulate(hub, { durationMs: 5_000 }, (text) => {
    if (text.startsWith('they live')) setTimeout(kill, 1_000);
  });
  await (await next)?.stop();
  expect(next).toBeDefined();
  expect(Object.values(phases[2]?.calls ?? {}).some(({ failed }) => Object.keys(failed).length > 0)).toBe(true);
  expect(events.acked).toBe(events.made);
  expect(await counted(hub.dir)).toEqual({ events: events.made, enrolments: events.enrolments });
});

it.concurrent('slipway lab sites prints the figures, and leaves nothing behind', async () => {
  const flags = ['--count', '3', '--within', '100ms', '--duration', '1s', '--events-per-minute', '120'];
  const text = await run([process.execPath, BIN, 'lab', 'sites', ...flags]);
  expect(text).toMatch(/^PHASE +SITES +TOOK +SITES\/S +HUB CPU +PER SITE +HUB MEMORY\njoin +3 of 3 /);
  expect(text).toMatch(/\nconnect +hello +3 .* 0\n/);
  expect(text).toMatch(/\nEvents: (\d+) happened, \1 are on disk at head office/);
});

it.concurrent('a run that cannot be is refused with the reason', async () => {
  const refusal = (...flags: string[]) =>
    run([process.execPath, BIN, 'lab', 'sites', ...flags]).then(
      () => 'no refusal',
      (error: Error) => error.message,
    );
  expect(await refusal('--hub', 'https://127.0.0.1:1')).toContain('--hub and --invites go together');
  expect(await refusal('--count', '0')).toContain('--count takes a whole number');
  expect(await refusal('--duration', 'soon')).toContain('--duration takes a time');
});
