import type { PublicationAct, PublicationSiteView, PublicationView } from '../../../wire/api/fleet-views.ts';
import { clockTime, dayOf, howLong, sinceWhen } from '../../words/time.ts';
import { count, sentence, type Words } from './fleet.ts';

const STATES: Readonly<Record<PublicationView['state'], Words>> = {
  draft: { word: 'Not started', tone: 'none' },
  canary: { word: 'At the canaries', tone: 'busy' },
  soaking: { word: 'Soaking', tone: 'busy' },
  all: { word: 'Going to all', tone: 'busy' },
  paused: { word: 'Paused', tone: 'note' },
  halted: { word: 'Halted', tone: 'bad' },
  done: { word: 'Done', tone: 'good' },
  aborted: { word: 'Given up', tone: 'none' },
  'rolling-back': { word: 'Rolling back', tone: 'busy' },
  'rolled-back': { word: 'Rolled back', tone: 'note' },
};

export function publicationWords(state: PublicationView['state']): Words {
  return STATES[state];
}

/** Where it stands and what comes next, in sentences. */
export function publicationDetail(publication: PublicationView, now: number): string {
  const { because } = publication;
  return `${standing(publication, now)}${because === undefined ? '' : ` ${sentence(because)}`}`;
}

function standing({ state, since, counts, soakEndsAt }: PublicationView, now: number): string {
  switch (state) {
    case 'draft':
      return `For ${sites(counts.sites)}, not started yet.`;
    case 'canary':
      return `First ${sites(counts.canaries)} of ${count(counts.sites)} get it, ${sinceWhen(since, now)}.`;
    case 'soaking':
      return `The canaries have it. All others get it ${soakEndsAt === undefined ? 'after the soak time' : `at ${when(soakEndsAt, now)}`}.`;
    case 'all':
      return `All ${sites(counts.sites)} get it, ${sinceWhen(since, now)}.`;
    case 'paused':
      return `No further site is offered it, ${sinceWhen(since, now)}.`;
    case 'halted':
      return `Stopped by its own rule ${sinceWhen(since, now)}: no further site is offered it until a person says so.`;
    case 'done':
      return `All sites that can be reached have it, ${sinceWhen(since, now)}.`;
    case 'aborted':
      return `No site is offered it any more, ${sinceWhen(since, now)}. Sites that have it keep it.`;
    case 'rolling-back':
      return `Sites get back what they had before, the canaries last, ${sinceWhen(since, now)}.`;
    case 'rolled-back':
      return `Sites have again what they had before, ${sinceWhen(since, now)}.`;
  }
}

/** `14:20`, with the day if it is another one. */
function when(at: number, now: number): string {
  const day = dayOf(at, now);
  return day === 'Today' ? clockTime(at) : `${clockTime(at)}, ${day}`;
}

/** How far it is, in a line; a site that is silent has not failed. */
export function countsLine({ counts }: PublicationView): string {
  const rest: readonly (readonly [number, string])[] = [
    [counts.failed, 'failed'],
    [counts.underWay, 'under way'],
    [counts.deferred, 'put off by the store'],
    [counts.unreachable, 'not reachable'],
    [counts.waiting, 'waiting'],
    [counts.superseded, 'have something newer'],
  ];
  const said = rest.flatMap(([n, what]) => (n > 0 ? [`${count(n)} ${what}`] : []));
  return [`${count(counts.confirmed)} of ${count(counts.sites)} confirmed`, ...said].join(', ');
}

/** Who comes first, how long they are watched, and what stops it. */
export function rulesLine({ rules }: PublicationView): string {
  const halt = `it halts at ${rules.haltAfter} failed ${rules.haltAfter === 1 ? 'site' : 'sites'}, or ${rules.haltPercent} % of those that tried`;
  if (rules.canary.length === 0) return `All at once; ${halt}.`;
  return `First ${rules.canary.join(', ')}, watched for ${howLong(rules.soakMs)}; ${halt}.`;
}

const SITE_STATES: Readonly<Record<PublicationSiteView['state'], Words>> = {
  waiting: { word: 'Waiting', tone: 'none' },
  offered: { word: 'Offered', tone: 'busy' },
  fetched: { word: 'Fetched', tone: 'busy' },
  trial: { word: 'On trial', tone: 'busy' },
  deferred: { word: 'Put off', tone: 'note' },
  confirmed: { word: 'Confirmed', tone: 'good' },
  reverted: { word: 'Went back', tone: 'bad' },
  refused: { word: 'Refused', tone: 'bad' },
  superseded: { word: 'Has newer', tone: 'none' },
};

export function publicationSiteWords(state: PublicationSiteView['state'], isUnreachable = false): Words {
  return isUnreachable && state !== 'confirmed' ? { word: 'Not reachable', tone: 'note' } : SITE_STATES[state];
}

type ActWords = { readonly button: string; readonly isDanger: boolean; readonly will: (of: PublicationView) => string };

/** What a person may do, and what happens then. */
export const ACTS: Readonly<Record<PublicationAct, ActWords>> = {
  pause: {
    button: 'Pause',
    isDanger: false,
    will: () => 'No further site is offered it. Sites that have begun go on. It waits until somebody resumes it.',
  },
  resume: {
    button: 'Go on',
    isDanger: false,
    will: ({ state, counts }) =>
      state === 'halted'
        ? `It was halted because ${counts.failed} ${counts.failed === 1 ? 'site' : 'sites'} failed. It goes on all the same, to ${sites(counts.waiting)} that wait.`
        : `It goes on to ${sites(counts.waiting)} that wait.`,
  },
  abort: {
    button: 'Give it up',
    isDanger: true,
    will: ({ counts }) =>
      `No site is offered it any more, and it cannot be resumed. ${sites(counts.confirmed)} that ${counts.confirmed === 1 ? 'has' : 'have'} it keep it.`,
  },
  rollback: {
    button: 'Roll back',
    isDanger: true,
    will: ({ counts }) =>
      `${sites(counts.confirmed)} that ${counts.confirmed === 1 ? 'has' : 'have'} it go back to what was confirmed there before, the canaries last. All others are not offered it any more.`,
  },
};

function sites(n: number): string {
  return n === 1 ? '1 site' : `${count(n)} sites`;
}
