import type { LinkView } from '../../../wire/api/link.ts';
import type { LinkState } from './link-states.ts';

export type LinkFacts = {
  readonly state: LinkState;
  /** Since when it is in this state. */
  readonly since: number;
  /** What went wrong last, and since when nothing has gone right. */
  readonly trouble: { readonly because: string; readonly since: number } | undefined;
  readonly hasDamagedIdentity: boolean;
};

/** How it stands with head office, for people. */
export function linkView({ state, since, trouble, hasDamagedIdentity }: LinkFacts): LinkView {
  if (state === 'idle') return { since, ...(hasDamagedIdentity ? DAMAGED : NEEDS_CODE) };
  if (trouble)
    return {
      ...{ state: 'unreachable', since: trouble.since, because: trouble.because },
      sentence: `Head office is not reachable: ${trouble.because}. The store works without it.`,
    };
  if (state === 'online') return { state, since, sentence: 'Head office is reached.' };
  return { state: 'connecting', since, sentence: 'Head office is being asked.' };
}

const NEEDS_CODE = {
  state: 'needs-code',
  sentence:
    'This site has no identity at head office yet: type the code that head office gave out with `slipway join CODE`.',
} as const;
const DAMAGED = {
  state: 'damaged',
  sentence:
    'The identity of this site at head office is damaged on the disk. Restore `link` of the data directory, or join anew with a code.',
} as const;
