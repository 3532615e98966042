import type { Publication, PublicationSite, PublicationState } from '../../../model/fleet/hub-rows.ts';
import { type Effect, isCanaryMoving, isMoving, isOffered, isOpen, type Plan, whyHalt } from './plan.ts';
import { nextState, type PublicationInput } from './publication-machine.ts';

/** What is to be written now, so that the publication stands where its rules say: empty if it does. */
export function advance(plan: Plan): readonly Effect[] {
  const moved = move(plan);
  const rows = moved.rows.map((row) => place({ ...plan, ...moved }, row));
  return [
    ...(moved.publication === plan.publication
      ? []
      : [{ kind: 'publication', publication: moved.publication } as const]),
    ...rows.flat(),
  ];
}

/** As far as it goes at once: an input that is found to be so may be followed by the next. */
function move(plan: Plan): Plan {
  const found = findInput(plan);
  const publication = found && enter(plan.publication, found.input, plan.now, found.because);
  return publication ? move({ ...plan, publication }) : plan;
}

/** The publication after this input; undefined: the input changes nothing. */
export function enter(
  publication: Publication,
  input: PublicationInput,
  now: number,
  because: string | undefined,
): Publication | undefined {
  const state = nextState(publication, input);
  if (state === undefined) return undefined;
  const { resumeTo: _before, because: _former, ...rest } = publication;
  const stands = state === 'paused' || state === 'halted';
  return {
    ...rest,
    ...{ state, since: now },
    ...(because === undefined ? {} : { because }),
    // Of one that was done, too, somebody is to be offered it again.
    ...(stands && { resumeTo: publication.state === 'done' ? 'all' : publication.state }),
  };
}

type Found = { readonly input: PublicationInput; readonly because?: string };

function findInput(plan: Plan): Found | undefined {
  const because = nextState(plan.publication, 'failed') && whyHalt(plan);
  return because === undefined ? FINDINGS[plan.publication.state]?.(plan) : { input: 'failed', because };
}

/** What is found to be so, by the state in which it is looked for. */
const FINDINGS: Readonly<Partial<Record<PublicationState, (plan: Plan) => Found | undefined>>> = {
  draft: ({ rows }) => ({ input: rows.some((row) => row.isCanary) ? 'start-canary' : 'start-all' }),
  canary: (plan) => (areConfirmed(plan) ? { input: 'canaries-confirmed' } : undefined),
  soaking: ({ publication: { since, rules }, now }) => (now >= since + rules.soakMs ? { input: 'soaked' } : undefined),
  all: (plan) => (isSettled(plan) ? { input: 'settled' } : undefined),
  'rolling-back': (plan) => (isSettled(plan) ? { input: 'settled' } : undefined),
};

function areConfirmed(plan: Plan): boolean {
  const canaries = plan.rows.filter((row) => row.isCanary);
  return canaries.some((row) => row.state === 'confirmed') && !canaries.some((row) => isCanaryMoving(plan, row));
}

function isSettled(plan: Plan): boolean {
  // Who cannot be reached is offered it all the same: it is there when he comes back.
  return !plan.rows.some((row) => row.state === 'waiting' || isMoving(plan, row));
}

/** Offers a row that is due, and takes back an offer that is not any more and that nobody took. */
function place(plan: Plan, row: PublicationSite): readonly Effect[] {
  const { offers, now } = plan;
  const { site, number } = row;
  const offer = offers.get(site);
  const isNewerElsewhere = offer !== undefined && offer.number > number;
  const isUntaken = row.state === 'waiting' || row.state === 'offered';
  if (isUntaken && isNewerElsewhere) {
    const because = `publication ${offer.publication} offered it revision ${offer.number}`;
    return [{ kind: 'row', row: { ...row, state: 'superseded', since: now, because } }];
  }
  if (isOpen(plan, row)) {
    if (row.state !== 'waiting') return [];
    return [
      { kind: 'offer', site, number },
      { kind: 'row', row: { ...rid(row), state: 'offered', since: now } },
    ];
  }
  if (row.state !== 'offered' || !isOffered(plan, row)) return [];
  return [
    { kind: 'withdraw', site },
    { kind: 'row', row: { ...rid(row), state: 'waiting', since: now } },
  ];
}

function rid({ because: _former, ...row }: PublicationSite): PublicationSite {
  return row;
}
