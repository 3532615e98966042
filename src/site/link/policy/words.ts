import type { FreezeView, SteeredView } from '../../../wire/api/revision.ts';
import type { ApplyState, Bad, Wanted } from './apply.ts';

/** What is known of the revisions that head office sent. */
export type Steering = {
  readonly have: { readonly highest: number; readonly confirmed: number };
  readonly report:
    | (Wanted & { readonly state: ApplyState; readonly since: number; readonly because?: string })
    | undefined;
  readonly bad: readonly Bad[];
  readonly freeze: FreezeView | undefined;
  readonly hasOne: boolean;
};

/** How things stand with head office's revisions, for people and programs. */
export function viewSteering({ have, report, bad, freeze, hasOne }: Steering): SteeredView {
  const sentence = report && sentenceOf(report);
  return {
    sentence: waitsFor(hasOne, sentence),
    highest: have.highest,
    ...(have.confirmed === 0 ? {} : { confirmed: have.confirmed }),
    ...(report && sentence !== undefined ? { wanted: { ...withoutSize(report), sentence } } : {}),
    ...(freeze ? { freeze } : {}),
    bad: bad.map(({ number, at, because }) => ({ number, at, because })),
  };
}

function waitsFor(hasOne: boolean, sentence: string | undefined): string {
  if (hasOne) return sentence ?? 'head office has sent no revision yet; the one from before goes on';
  return sentence === undefined
    ? 'waits for head office: no revision has come yet'
    : `waits for head office: ${sentence}`;
}

function withoutSize({ number, bundle, publication, state, since, because }: NonNullable<Steering['report']>) {
  return { number, bundle, publication, state, since, ...(because === undefined ? {} : { because }) };
}

const SAYS: Readonly<Record<ApplyState, string>> = {
  offered: 'is on its way',
  fetched: 'is here, and what it needs is not',
  deferred: 'is here, and waits',
  trial: 'is in force on trial',
  confirmed: 'is confirmed',
  reverted: 'was tried and did not work here',
  refused: 'was refused',
};

function sentenceOf({ number, state, because }: NonNullable<Steering['report']>): string {
  return `revision ${number} ${SAYS[state]}${because === undefined ? '' : `: ${because}`}`;
}
