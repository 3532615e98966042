// How one head office keeps up with 500 sites that join, come back at once, and live: a real hub on loopback and simulated sites
// on the same machine, beside what grpc-js alone took on two cores of an AMD EPYC. Ratios hold, absolutes do not.
// usage: npm run bench:sites [-- COUNT]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { formatSitesReport } from '../../src/cli/lab-sites.ts';
import { startLocalHub } from '../../src/lab/sites/local-hub.ts';
import { runSites, type SitesReport } from '../../src/lab/sites/run-sites.ts';
import { createSimTime } from '../../src/lab/sites/sim-time.ts';

const count = Number(process.argv[2] ?? 500);
const workDir = await mkdtemp(join(tmpdir(), 'slipway-bench-sites-'));
const hub = await startLocalHub({ workDir, count });
try {
  const report = await runSites(
    {
      ...{ url: hub.url, invites: hub.invites, hubPid: hub.process.pid, withinMs: 60_000, durationMs: 30_000 },
      ...{ eventsPerMinute: 12, trialMs: 2_000, revertShare: 0 },
    },
    { time: createSimTime(), random: systemRandom },
    (text) => process.stdout.write(`${text}\n`),
    new AbortController().signal,
  );
  process.stdout.write(`\n${formatSitesReport(report)}\n${beside(report)}`);
} finally {
  await hub.process.stop();
  await rm(workDir, { recursive: true, force: true });
}

/** The bare transport did no signatures over calls, and wrote nothing. */
function beside({ phases, hubRssPerSite, events }: SitesReport): string {
  const connect = phases.find(({ name }) => name === 'connect');
  const live = phases.find(({ name }) => name === 'live');
  const perConnect = (connect?.hubCpuMs ?? 0) / Math.max(1, connect?.sites ?? 0);
  const calls = Object.values(live?.calls ?? {}).reduce((sum, { answered }) => sum + answered, 0);
  const perCall = (live?.hubCpuMs ?? 0) / Math.max(1, calls);
  return [
    'here, with every call proved, answered with a signature and on disk   bare grpc-js',
    `CPU per connect and Hello    ${perConnect.toFixed(2).padStart(8)} ms                               2.05 to 2.6 ms, connect alone`,
    `memory per connected site    ${((hubRssPerSite ?? 0) / 1024).toFixed(0).padStart(8)} KiB                              84 to 91 KiB`,
    `CPU per call, all kinds      ${perCall.toFixed(2).padStart(8)} ms                               0.14 ms for an echo, 0.26 ms with 50 events`,
    `events to disk               ${events.perSecond.toFixed(0).padStart(8)} /s, as many as happened          84,000 rows/s into PostgreSQL`,
    '',
  ].join('\n');
}
