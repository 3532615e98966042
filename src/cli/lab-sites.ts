import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { systemRandom } from '../adapters/node/random.ts';
import { parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import { parseInvites } from '../lab/sites/invites.ts';
import { type LocalHub, startLocalHub } from '../lab/sites/local-hub.ts';
import { runSites, type SitesReport, type SitesRun } from '../lab/sites/run-sites.ts';
import { createSimTime } from '../lab/sites/sim-time.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import type { CliIo } from './io.ts';
import { formatTable } from './table.ts';

type SitesOptions = {
  readonly count: number;
  readonly hub?: string;
  readonly invites?: string;
  readonly eventsPerMinute: number;
  readonly within: number;
  readonly duration: number;
  readonly trial: number;
  readonly revert: number;
  readonly json?: boolean;
};

/** `slipway lab sites`: simulated sites that speak the real protocol with a real head office. */
export function addLabSitesCommand(lab: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  lab
    .command('sites')
    .description('let simulated sites join a head office, report and take revisions, and print how it kept up')
    .addOption(new Option('--count <n>', 'how many').default(50).argParser(whole('--count', 10_000)))
    .option('--hub <url>', 'where head office is; needs --invites. Without it one is started here, for this run alone')
    .option('--invites <file>', 'lines with the name of a site and its code')
    .addOption(
      new Option('--events-per-minute <n>', 'of each site').default(12).argParser(whole('--events-per-minute', 6_000)),
    )
    .addOption(
      new Option('--within <time>', 'all join, and later connect anew, within this time')
        .default(10_000, '10s')
        .argParser(duration('--within')),
    )
    .addOption(
      new Option('--duration <time>', 'how long they live then')
        .default(30_000, '30s')
        .argParser(duration('--duration')),
    )
    .addOption(
      new Option('--trial <time>', 'how long they try a revision').default(2_000, '2s').argParser(duration('--trial')),
    )
    .addOption(new Option('--revert <percent>', 'so many trials fail').default(0).argParser(whole('--revert', 100)))
    .option('--json', 'print one JSON object at the end, and nothing else on standard output')
    .action(async (options: SitesOptions) => setStatus(await runLabSites(options, io)));
}

async function runLabSites(options: SitesOptions, io: CliIo): Promise<ExitStatus> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const say = (text: string): void => io.writeError(`${text}\n`);
  const workDir = await mkdtemp(join(tmpdir(), 'slipway-lab-sites-'));
  let local: LocalHub | undefined;
  try {
    const remote = await readRemote(options);
    local = remote ? undefined : await startLocalHub({ workDir, count: options.count });
    const report = await runSites(
      runOf(options, remote ?? local),
      { time: createSimTime(), random: systemRandom },
      say,
      stop.signal,
    );
    io.write(options.json ? `${JSON.stringify(report)}\n` : formatSitesReport(report));
    return isInOrder(report) ? EXIT.ok : EXIT.finding;
  } finally {
    await local?.process.stop();
    await rm(workDir, { recursive: true, force: true });
  }
}

type Where = Pick<SitesRun, 'url' | 'invites'> & { readonly process?: { readonly pid: number } };

async function readRemote({ hub, invites, count }: SitesOptions): Promise<Where | undefined> {
  if (hub === undefined && invites === undefined) return undefined;
  if (hub === undefined || invites === undefined)
    throw new AppError('usage-invalid', '--hub and --invites go together');
  if (!/^https:\/\/[^/\s]+$/.test(hub))
    throw new AppError('usage-invalid', '--hub takes an address such as https://hub.example.com:8443');
  const text = await readFile(invites, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('usage-invalid', `${invites} cannot be read: ${cause.code}`, { cause });
  });
  return { url: hub, invites: parseInvites(text, invites).slice(0, count) };
}

function runOf(options: SitesOptions, where: Where | undefined): SitesRun {
  const { url = '', invites = [], process: hub } = where ?? {};
  return {
    ...{ url, invites, withinMs: options.within, durationMs: options.duration, trialMs: options.trial },
    ...{ eventsPerMinute: options.eventsPerMinute, revertShare: options.revert / 100 },
    ...(hub ? { hubPid: hub.pid } : {}),
  };
}

/** All sites came through, and head office has all that happened. */
function isInOrder({ sites, phases, events }: SitesReport): boolean {
  return phases.every((phase) => phase.sites === sites) && events.acked === events.made;
}

/** The figures as tables: the phases, the calls of each, and the events. */
export function formatSitesReport({ sites, phases, events, hubRssPerSite }: SitesReport): string {
  const rows = phases.map(({ name, seconds, sites: through, hubCpuMs, hubRssBytes }) => [
    ...[name, `${through} of ${sites}`, `${seconds.toFixed(1)} s`, (through / seconds).toFixed(1)],
    hubCpuMs === undefined ? '-' : `${(hubCpuMs / 1_000).toFixed(2)} s`,
    hubCpuMs === undefined ? '-' : `${(hubCpuMs / Math.max(1, through)).toFixed(2)} ms`,
    hubRssBytes === undefined ? '-' : `${(hubRssBytes / 2 ** 20).toFixed(0)} MiB`,
  ]);
  const calls = phases.flatMap(({ name, calls: ofPhase }) =>
    Object.entries(ofPhase).map(([method, { answered, perSecond, p50Ms, p99Ms, failed }]) => [
      ...[name, method, String(answered), perSecond.toFixed(1), milliseconds(p50Ms), milliseconds(p99Ms)],
      Object.entries(failed)
        .map(([reason, n]) => `${n} ${reason}`)
        .join(', ') || '0',
    ]),
  );
  return [
    formatTable(['PHASE', 'SITES', 'TOOK', 'SITES/S', 'HUB CPU', 'PER SITE', 'HUB MEMORY'], rows),
    formatTable(['PHASE', 'CALL', 'ANSWERED', 'PER S', 'P50', 'P99', 'FAILED'], calls),
    `Events: ${events.made} happened, ${events.acked} are on disk at head office (${events.perSecond.toFixed(1)}/s), ${events.enrolments} of them enrolments.\n`,
    hubRssPerSite === undefined
      ? ''
      : `Memory of head office for each site: ${(hubRssPerSite / 1024).toFixed(0)} KiB.\n`,
  ].join('\n');
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${ms.toFixed(1)} ms`;
}

function whole(option: string, most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (/^\d+$/.test(text) && n <= most && !(option === '--count' && n === 0)) return n;
    throw new AppError('usage-invalid', `${option} takes a whole number, up to ${most}`);
  };
}

function duration(option: string): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= 24 * 3_600_000) return ms;
    throw new AppError('usage-invalid', `${option} takes a time such as 30s or 5m, up to a day`);
  };
}
