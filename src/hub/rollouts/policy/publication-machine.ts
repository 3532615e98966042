import type { PublicationState } from '../../../model/fleet/hub-rows.ts';

/** What moves a publication on: what a person says, and what is found to be so. */
export const PUBLICATION_INPUTS = {
  'start-canary': 'it begins with the sites that come first',
  'start-all': 'it begins with all sites at once',
  'canaries-confirmed': 'a site that comes first has confirmed it, and none of them is under way any more',
  soaked: 'the soak time is over',
  settled: 'no site that can be reached is under way, and none waits for its offer',
  failed: 'more sites have reverted or refused than its rules allow',
  pause: 'a person pauses it',
  resume: 'a person lets it go on',
  abort: 'a person ends it where it stands',
  rollback: 'a person takes it back',
} as const;
export type PublicationInput = keyof typeof PUBLICATION_INPUTS;
/** `resume` goes to where it was before a pause or a halt. */
type Target = PublicationState | 'resume';

/** What is not listed changes nothing. A halt ends only by a person. */
export const TRANSITIONS: Readonly<Record<PublicationState, Partial<Readonly<Record<PublicationInput, Target>>>>> = {
  draft: { 'start-canary': 'canary', 'start-all': 'all', abort: 'aborted' },
  canary: {
    'canaries-confirmed': 'soaking',
    failed: 'halted',
    pause: 'paused',
    abort: 'aborted',
    rollback: 'rolling-back',
  },
  soaking: { soaked: 'all', failed: 'halted', pause: 'paused', abort: 'aborted', rollback: 'rolling-back' },
  all: { settled: 'done', failed: 'halted', pause: 'paused', abort: 'aborted', rollback: 'rolling-back' },
  paused: { resume: 'resume', abort: 'aborted', rollback: 'rolling-back' },
  halted: { resume: 'resume', abort: 'aborted', rollback: 'rolling-back' },
  // Sites that come back late get it still: they can show that it was not as good as it seemed.
  done: { failed: 'halted', rollback: 'rolling-back' },
  aborted: { rollback: 'rolling-back' },
  'rolling-back': { settled: 'rolled-back', pause: 'paused' },
  'rolled-back': {},
};

type Standing = { readonly state: PublicationState; readonly resumeTo?: PublicationState };

/** The state after this input; undefined: it changes nothing. */
export function nextState(from: Standing, input: PublicationInput): PublicationState | undefined {
  // Half of its sites have the old content back already: forward and back once more is more than a person can follow.
  const isTakenBack = from.state === 'paused' && from.resumeTo === 'rolling-back';
  if (isTakenBack && input !== 'resume') return undefined;
  const target = TRANSITIONS[from.state][input];
  return target === 'resume' ? from.resumeTo : target;
}

/** A Mermaid state diagram of the table. */
export function renderPublicationDiagram(): string {
  const lines = Object.entries(TRANSITIONS).flatMap(([from, inputs]) =>
    Object.entries(inputs).flatMap(([input, to]) =>
      to === 'resume' ? resumesOf(from).map((state) => [from, input, state]) : [[from, input, to]],
    ),
  );
  const name = (state = ''): string => state.replace('-', '_');
  return ['stateDiagram-v2', ...lines.map(([from, input, to]) => `  ${name(from)} --> ${name(to)}: ${input}`), ''].join(
    '\n',
  );
}

/** Where a pause or a halt may have begun. */
function resumesOf(state: string): readonly string[] {
  return Object.entries(TRANSITIONS).flatMap(([from, inputs]) =>
    Object.values(inputs).includes(state as Target) && from !== 'done' ? [from] : [],
  );
}
