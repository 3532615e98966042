import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/ports.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import { type Load, readLoad } from './hub-load.ts';
import { type CallFigures, Measures } from './measures.ts';
import { SimSite } from './sim-site.ts';

export type Invited = { readonly site: string; readonly code: string };
export type SitesRun = {
  readonly url: string;
  readonly invites: readonly Invited[];
  /** All join, and later connect anew, within so long: each at a time of its own. */
  readonly withinMs: number;
  /** How long they live after that. */
  readonly durationMs: number;
  readonly eventsPerMinute: number;
  readonly trialMs: number;
  readonly revertShare: number;
  /** Of head office, if it runs on this machine. */
  readonly hubPid?: number;
};

/** For what is not reported yet at the end: head office may have told a site to wait. */
const FLUSH_MS = 60_000;

export type PhaseFigures = {
  readonly name: 'join' | 'connect' | 'live';
  readonly seconds: number;
  /** How many sites came through it. */
  readonly sites: number;
  readonly calls: Readonly<Record<string, CallFigures>>;
  /** Used by head office meanwhile, all of it. */
  readonly hubCpuMs?: number;
  readonly hubRssBytes?: number;
};
export type SitesReport = {
  readonly sites: number;
  readonly phases: readonly PhaseFigures[];
  readonly events: {
    readonly made: number;
    readonly acked: number;
    readonly enrolments: number;
    readonly perSecond: number;
  };
  /** What a connected site adds to the memory of head office. */
  readonly hubRssPerSite?: number;
};

/**
 * Lets simulated sites join, connect anew and live. Ends early with what there is when `signal` says so.
 * @throws AppError `lab-failed` if not one of them could join
 */
export async function runSites(
  run: SitesRun,
  { time, random }: { readonly time: TimeKeeper; readonly random: Random },
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<SitesReport> {
  const measures = new Measures(() => time.monotonic());
  const parts = { ...run, settleMs: Math.min(run.withinMs, run.durationMs / 4), time, random, measures };
  const sites = run.invites.map(({ site, code }) => new SimSite(site, code, parts));
  const spread = async (all: readonly SimSite[], act: (site: SimSite) => Promise<unknown>): Promise<SimSite[]> => {
    const through = await Promise.all(
      all.map(async (site) => {
        await wait(random.unit() * run.withinMs, undefined, { signal }).catch(() => undefined);
        // What failed is in the figures.
        return signal.aborted
          ? false
          : act(site).then(
              () => true,
              () => false,
            );
      }),
    );
    return all.filter((_, i) => through[i]);
  };
  const watch = createWatch(run.hubPid, measures);
  const before = run.hubPid === undefined ? undefined : await readLoad(run.hubPid);
  try {
    say(`${sites.length} sites join, within ${run.withinMs / 1_000} s`);
    const [joined, join] = await watch('join', () => spread(sites, (site) => site.join()));
    if (joined.length === 0) throw new AppError('lab-failed', `no site could join: ${reasons(join)}`);
    say('all connections are cut, and made anew');
    const [connected, connect] = await watch('connect', () => spread(joined, (site) => site.reconnect()));
    say(`they live for ${run.durationMs / 1_000} s`);
    const endsAt = time.monotonic() + run.durationMs;
    const [, live] = await watch('live', async () => {
      const end = AbortSignal.any([signal, AbortSignal.timeout(run.durationMs)]);
      await Promise.all(connected.map((site) => site.live(end, endsAt)));
      const last = AbortSignal.any([signal, AbortSignal.timeout(FLUSH_MS)]);
      await Promise.all(connected.map((site) => site.flush(last)));
      return connected;
    });
    return { sites: sites.length, phases: [join, connect, live], ...outcome(sites, live, before) };
  } finally {
    await Promise.all(sites.map((site) => site.close()));
  }
}

type Watch = (name: PhaseFigures['name'], act: () => Promise<SimSite[]>) => Promise<readonly [SimSite[], PhaseFigures]>;

function createWatch(pid: number | undefined, measures: Measures): Watch {
  const load = async (): Promise<Load | undefined> => (pid === undefined ? undefined : readLoad(pid));
  return async (name, act) => {
    const before = await load();
    measures.begin();
    const through = await act();
    const { seconds } = measures;
    const after = await load();
    const used = before && after && { hubCpuMs: after.cpuMs - before.cpuMs, hubRssBytes: after.rssBytes };
    return [through, { name, seconds, sites: through.length, calls: measures.figures(), ...used }];
  };
}

function outcome(
  sites: readonly SimSite[],
  live: PhaseFigures,
  before: Load | undefined,
): Pick<SitesReport, 'events' | 'hubRssPerSite'> {
  const counts = sites.map((site) => site.counts);
  const sum = (key: 'made' | 'acked' | 'enrolments'): number => counts.reduce((all, one) => all + one[key], 0);
  const events = { made: sum('made'), acked: sum('acked'), enrolments: sum('enrolments') };
  const grown = live.hubRssBytes === undefined || before === undefined ? undefined : live.hubRssBytes - before.rssBytes;
  return {
    events: { ...events, perSecond: events.acked / live.seconds },
    ...(grown === undefined ? {} : { hubRssPerSite: grown / Math.max(1, live.sites) }),
  };
}

function reasons({ calls }: PhaseFigures): string {
  return Object.entries(calls)
    .flatMap(([method, { failed }]) => Object.entries(failed).map(([reason, n]) => `${method} ${reason} (${n})`))
    .join(', ');
}
