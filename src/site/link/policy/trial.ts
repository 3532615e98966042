import type { Digest } from '../../../kernel/digest.ts';
import { formatDuration } from '../../../kernel/duration.ts';
import type { Boot } from '../../../model/boot.ts';
import type { Revision } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';

/** When a trial is over, in milliseconds of its own time. */
export type TrialRules = {
  readonly trialMs: number;
  /** A boot that began with it and is still on its way is waited for: so long in all. */
  readonly mostMs: number;
  /** A boot that came through ends the trial early, but not before this. */
  readonly leastMs: number;
  /** The process may end so often in a trial without having been told to. */
  readonly mostStarts: number;
};

export function trialRules(trialMs: number): TrialRules {
  return { trialMs, mostMs: 6 * trialMs, leastMs: Math.min(60_000, trialMs), mostStarts: 3 };
}

/** What a site sees of itself in a trial. */
export type TrialFacts = {
  readonly elapsedMs: number;
  readonly starts: number;
  /** Why it does not serve, or would answer a machine wrong; empty: all is as it should be. */
  readonly problems: readonly string[];
  readonly boots: BootsOfTrial;
};

export type Verdict = { readonly kind: 'go-on' | 'healthy' } | { readonly kind: 'unhealthy'; readonly because: string };

/** What becomes of a trial. The first reason against it ends it. */
export function judgeTrial({ elapsedMs, starts, problems, boots }: TrialFacts, rules: TrialRules): Verdict {
  const [problem] = problems;
  if (problem !== undefined) return { kind: 'unhealthy', because: problem };
  if (starts > rules.mostStarts)
    return {
      kind: 'unhealthy',
      because: `the site ended ${starts} times during its trial without having been told to`,
    };
  const [worse] = boots.worse;
  if (worse !== undefined) return { kind: 'unhealthy', because: worse };
  const isOver = elapsedMs >= rules.trialMs ? boots.open === 0 || elapsedMs >= rules.mostMs : false;
  const isProved = boots.well > 0 && boots.open === 0 && elapsedMs >= rules.leastMs;
  return { kind: isOver || isProved ? 'healthy' : 'go-on' };
}

export type BootsOfTrial = {
  /** Those that began with the revision and have neither ended nor stood still. */
  readonly open: number;
  readonly well: number;
  /** Why those that stood still, were refused or gave up an install did so, in words. */
  readonly worse: readonly string[];
};

/**
 * The boots that were answered by a revision in its trial; those up to number `afterBoot` had it in an earlier one. Not held against
 * it: a machine that did not come up with another revision either, and one beside which another came up, or may yet, with the very same
 * profile, such as itself at its next try. Those are faults of the machine, or of the moment.
 */
export function bootsOf({ digest, slots }: TriedRevision, afterBoot: number, { boots, orders }: Facts): BootsOfTrial {
  const own = [...boots.values()].filter((boot) => boot.revision === digest && numberOf(boot) > afterBoot);
  const wrong = (boot: Boot): string | undefined => whatWentWrong(boot, orders);
  const isOpen = (boot: Boot): boolean => !boot.outcome && boot.stage !== 'held' && wrong(boot) === undefined;
  const profileOf = ({ slot = '' }: Boot): string => slots[slot]?.profile.digest ?? slot;
  const fine = new Set(own.filter((boot) => isWell(boot) || isOpen(boot)).map(profileOf));
  const worse = own.flatMap((boot) => {
    const because = wrong(boot);
    const before = bootBefore(boot, boots);
    const isExcused = fine.has(profileOf(boot)) || (before && wrong(before) !== undefined);
    return because === undefined || isExcused ? [] : [`${nameOf(boot)}: ${because}`];
  });
  return { open: own.filter(isOpen).length, well: own.filter(isWell).length, worse };
}

function isWell({ outcome }: Boot): boolean {
  return outcome?.kind === 'live' || outcome?.kind === 'installed';
}

/** The number of the newest boot that a revision was the answer to; 0: there is none. */
export function lastBootOf(revision: Digest, { boots }: Pick<Facts, 'boots'>): number {
  return Math.max(0, ...[...boots.values()].filter((boot) => boot.revision === revision).map(numberOf));
}

export type TriedRevision = Pick<Revision, 'digest' | 'slots'>;
type Facts = Pick<SiteState, 'boots' | 'orders'>;

function whatWentWrong({ stalls = [], outcome, order }: Boot, orders: SiteState['orders']): string | undefined {
  const stall = stalls.find(({ endedAt, stage }) => endedAt === undefined && stage !== 'held');
  if (stall) return stall.cause;
  if (outcome?.kind === 'stalled') return outcome.cause;
  if (outcome?.kind === 'refused') return outcome.because;
  const state = order === undefined ? undefined : orders.get(order)?.state;
  return state?.kind === 'parked' ? `its install was given up: ${state.because}` : undefined;
}

/** The newest one of the same machine with another revision. */
function bootBefore({ machine, revision }: Boot, boots: SiteState['boots']): Boot | undefined {
  return [...boots.values()]
    .filter((other) => other.machine === machine && other.revision !== revision)
    .reduce<Boot | undefined>((newest, one) => (newest && numberOf(newest) >= numberOf(one) ? newest : one), undefined);
}

function numberOf({ id }: Boot): number {
  return Number(id.slice(1));
}

function nameOf({ slot, mac, id }: Boot): string {
  return `${slot ?? mac} did not come up (boot ${id})`;
}

/** What a trial waits for, for people. */
export function trialSentence({ trialMs }: TrialRules): string {
  return `watched for ${formatDuration(trialMs)}`;
}
