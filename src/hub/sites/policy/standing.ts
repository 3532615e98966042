import type { SiteSession } from '../../../model/fleet/hub-rows.ts';

/** Of a Hello: who says it, and what is known of the box that spoke for the site before. */
export type HelloFacts = {
  readonly session: string;
  /** What it brings, base64. */
  readonly ratchet: string;
  readonly current: SiteSession | undefined;
  /** The name of head office's memory now. */
  readonly hubEpoch: string;
  /** The certificate it comes with was given for an invite, after the current box came. */
  readonly invitedAnew: boolean;
  /** The current box was not heard for so long that it has stopped. */
  readonly isSilent: boolean;
};

export type Standing = 'current' | 'quarantined';
type Rule = {
  readonly name: string;
  readonly when: (facts: HelloFacts) => boolean;
  readonly standing: Standing;
  /** Why the box before it is past, or why this one stands aside. */
  readonly because: string;
};

/**
 * Which box speaks for a site: the first row that fits. A copy of a box brings a ratchet that was used already, as does a box that
 * was restored; the copy shows by the other one still speaking.
 */
export const STANDING_RULES = [
  { name: 'first', when: ({ current }) => !current, standing: 'current', because: '' },
  {
    name: 'goes-on',
    when: ({ current, session }) => current?.session === session,
    standing: 'current',
    because: '',
  },
  {
    name: 'restarted',
    when: ({ current, ratchet }) => current !== undefined && [current.ratchet, current.ratchetBefore].includes(ratchet),
    standing: 'current',
    because: 'it was started again',
  },
  {
    name: 'memory-lost',
    when: ({ current, hubEpoch }) => current?.hubEpoch !== hubEpoch,
    standing: 'current',
    because: 'head office was restored, and cannot tell whether it is the same box',
  },
  {
    name: 'invited-anew',
    when: ({ invitedAnew }) => invitedAnew,
    standing: 'current',
    because: 'another box was enrolled with a new invite',
  },
  {
    name: 'silent',
    when: ({ isSilent }) => isSilent,
    standing: 'current',
    because: 'it fell silent, and another box came with the same identity: one that was restored, or a copy',
  },
  {
    name: 'beside',
    when: () => true,
    standing: 'quarantined',
    because: 'another box with the identity of this site speaks at the same time: one of the two is a copy',
  },
] as const satisfies readonly Rule[];
export type StandingRule = (typeof STANDING_RULES)[number];

/** The rule that fits; the last one always does. */
export function decideStanding(facts: HelloFacts): StandingRule {
  return STANDING_RULES.find((rule) => rule.when(facts)) ?? (STANDING_RULES[STANDING_RULES.length - 1] as StandingRule);
}
