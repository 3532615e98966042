import type { Digest } from '../../../kernel/digest.ts';

/**
 * How far a revision from head office has come. `offered`: its bundle is on its way. `fetched`: it is here and proved; what
 * it needs is on its way. `deferred`: all is here, and the store is frozen. `trial`: it is in force, and watched.
 */
export const APPLY_STATES = ['offered', 'fetched', 'deferred', 'trial', 'confirmed', 'reverted', 'refused'] as const;
export type ApplyState = (typeof APPLY_STATES)[number];

/**
 * What happens to it. `ready`: all that it names is here. `same`: its content is in force already. `unready`: what was here
 * is not any more. `lost`: its bundle cannot be read any more. `newer`: head office wants another one. `retry`: a person wants it tried once more.
 */
export type ApplyEvent =
  | 'proved'
  | 'ready'
  | 'frozen'
  | 'unready'
  | 'lost'
  | 'same'
  | 'healthy'
  | 'unhealthy'
  | 'faulty'
  | 'newer'
  | 'retry';

/** What is not listed changes nothing. `newer` leads to the same place from everywhere: the newest wins. */
export const APPLY_TABLE: Readonly<Record<ApplyState, Readonly<Partial<Record<ApplyEvent, ApplyState>>>>> = {
  offered: { proved: 'fetched', faulty: 'refused', newer: 'offered' },
  fetched: {
    ready: 'trial',
    frozen: 'deferred',
    same: 'confirmed',
    lost: 'offered',
    faulty: 'refused',
    newer: 'offered',
  },
  deferred: {
    ...{ ready: 'trial', unready: 'fetched', same: 'confirmed', lost: 'offered', faulty: 'refused', newer: 'offered' },
  },
  trial: { healthy: 'confirmed', unhealthy: 'reverted', newer: 'offered' },
  confirmed: { newer: 'offered' },
  reverted: { newer: 'offered', retry: 'offered' },
  refused: { newer: 'offered', retry: 'offered' },
};

/** What head office wants of this site. */
export type Wanted = {
  readonly number: number;
  /** sha256 of the bundle. */
  readonly bundle: Digest;
  readonly sizeBytes: number;
  readonly publication: string;
};

export type Candidate = Wanted & {
  readonly state: ApplyState;
  readonly since: number;
  readonly because?: string;
  /** Digest of the revision in the bundle; known once it was proved. */
  readonly content?: Digest;
  /** It was refused because of its key: it is looked at again when head office's keys have changed. */
  readonly isByKey?: true;
  readonly trial?: Trial;
};

export type Trial = {
  /** How often the process began in it without having been told to end. */
  readonly starts: number;
  /** The number of the last boot that had this very content before. */
  readonly afterBoot: number;
};

export type Bad = { readonly content: Digest; readonly number: number; readonly at: number; readonly because: string };

/** All that a site remembers of what head office sent: one file, written as a whole at each step. */
export type Applied = {
  /** The highest number whose signature was good: a lower one never comes into force any more. */
  readonly highest: number;
  /** The bundle of that number. */
  readonly accepted?: Digest;
  readonly confirmed?: { readonly number: number; readonly bundle: Digest; readonly content: Digest };
  readonly candidate?: Candidate;
  /** What was tried and did not work, the newest last. */
  readonly bad: readonly Bad[];
};

export const NOTHING_APPLIED: Applied = { highest: 0, bad: [] };

/** So many are remembered: a template that goes wrong a hundred times has another fault. */
const MOST_BAD = 32;

/** One step, if the table has it; the very same value if not. `more` is what is known of the candidate from now on. */
export function step(
  applied: Applied,
  event: Exclude<ApplyEvent, 'newer'>,
  now: number,
  more: Partial<Pick<Candidate, 'because' | 'content' | 'isByKey' | 'trial'>> = {},
): Applied {
  const { candidate } = applied;
  const state = candidate && APPLY_TABLE[candidate.state][event];
  if (!candidate || !state) return applied;
  const { because: _, isByKey: __, trial: ___, ...rest } = candidate;
  const next: Candidate = { ...rest, ...more, state, since: now };
  return { ...applied, ...REMEMBERS[state]?.(applied, next), candidate: next };
}

/** What a state leaves behind, beyond the candidate itself. */
const REMEMBERS: Partial<Record<ApplyState, (applied: Applied, next: Candidate) => Partial<Applied>>> = {
  fetched: ({ highest }, { number, bundle }) => (number < highest ? {} : { highest: number, accepted: bundle }),
  confirmed: (_, { number, bundle, content }) => (content ? { confirmed: { number, bundle, content } } : {}),
  reverted: ({ bad }, { content, number, since, because = '' }) =>
    content
      ? {
          bad: [...bad.filter((one) => one.content !== content), { content, number, at: since, because }].slice(
            -MOST_BAD,
          ),
        }
      : {},
};

/**
 * Head office wants `wanted`: the newest wins over one that is half applied. The very same value if the site is at it already, or
 * if it must not have it and another one is under way.
 */
export function want(applied: Applied, wanted: Wanted, now: number): Applied {
  const { candidate, confirmed } = applied;
  if (candidate?.bundle === wanted.bundle && candidate.number === wanted.number) return applied;
  const isUnderWay = candidate !== undefined && !isOver(candidate.state);
  const instead = (state: ApplyState, more: Partial<Candidate>): Applied =>
    isUnderWay ? applied : { ...applied, candidate: { ...wanted, ...more, state, since: now } };
  if (confirmed?.bundle === wanted.bundle) return instead('confirmed', { content: confirmed.content });
  const because = whyNotWanted(applied, wanted);
  if (because !== undefined) return instead('refused', { because });
  return { ...applied, candidate: { ...wanted, state: 'offered', since: now } };
}

function whyNotWanted({ highest, accepted }: Applied, { number, bundle }: Wanted): string | undefined {
  if (number < highest) return `it is older than revision ${highest}, which was accepted here`;
  if (number === highest && accepted !== undefined && accepted !== bundle)
    return `another revision ${number} was accepted here`;
  return undefined;
}

/** A person says that what was bad may be tried once more; the reason why it is remembered goes. */
export function retry(applied: Applied, now: number): Applied {
  const { candidate } = applied;
  const next = step(applied, 'retry', now);
  if (next === applied || !candidate) return applied;
  return { ...next, bad: applied.bad.filter(({ content }) => content !== candidate.content) };
}

/** The process begins (`by` 1), or is told to end (-1). */
export function countStart(applied: Applied, by: 1 | -1): Applied {
  const { candidate } = applied;
  if (candidate?.state !== 'trial' || !candidate.trial) return applied;
  const trial = { ...candidate.trial, starts: Math.max(0, candidate.trial.starts + by) };
  return { ...applied, candidate: { ...candidate, trial } };
}

/** Why this content is not tried again; undefined: nothing is known against it. */
export function whyBad({ bad }: Applied, content: Digest): string | undefined {
  const found = bad.find((one) => one.content === content);
  return (
    found && `its content is that of revision ${found.number}, which was tried here and did not work: ${found.because}`
  );
}

/** Nothing more happens to it by itself. */
export function isOver(state: ApplyState): boolean {
  return state === 'confirmed' || state === 'reverted' || state === 'refused';
}
