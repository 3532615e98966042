import type { ErrorCode } from '../../../kernel/errors.ts';

/** What can happen to a fill, in the words of its state machine. */
export const FILL_INPUTS = {
  start: 'it is its turn',
  restored: 'what lay here of an earlier try was read again, and more is to come',
  answered: 'the source sends, and what it says of the file fits',
  'all-here': 'no byte is missing',
  'put-off':
    'the source said no, fell silent or was cut off; but it brought bytes within the last minute, and somebody waits',
  due: 'the time to wait for the same source is over',
  'given-up': 'this source is of no use now, and another one is left',
  'none-left': 'this source is of no use now, and it was the last',
  right: 'the bytes have the digest that was asked for',
  wrong: 'the bytes have another digest, and another source is left',
  'wrong-mix': 'the bytes are not those that were asked for, but not all of them are of this source in this try',
  kept: 'the file has its name, and is on the disk',
  unkept: 'the bytes are right and went to those who waited; the disk had no room to keep them',
  broken: 'our own disk refuses',
  stop: 'the site stops',
} as const;
export type FillInput = keyof typeof FILL_INPUTS;

export type FillKind =
  | 'queued'
  | 'restoring'
  | 'asking'
  | 'receiving'
  | 'waiting'
  | 'verifying'
  | 'keeping'
  | 'complete'
  | 'passed'
  | 'failed';
export type FillTransition = { readonly from: FillKind; readonly on: FillInput; readonly to: FillKind };

const ACTIVE = ['queued', 'restoring', 'asking', 'receiving', 'waiting', 'verifying', 'keeping'] as const;
export type ActiveFillKind = (typeof ACTIVE)[number];

/** The life of a fill: one digest, one try. In each state one thing is done, whose outcome is the next input. */
export const FILL_TRANSITIONS: readonly FillTransition[] = [
  { from: 'queued', on: 'start', to: 'restoring' },

  { from: 'restoring', on: 'restored', to: 'asking' },
  { from: 'restoring', on: 'all-here', to: 'verifying' },
  { from: 'restoring', on: 'none-left', to: 'failed' },

  { from: 'asking', on: 'answered', to: 'receiving' },
  { from: 'asking', on: 'put-off', to: 'waiting' },
  { from: 'asking', on: 'given-up', to: 'asking' },
  // What lies here is longer than the file: it is nothing of it.
  { from: 'asking', on: 'wrong-mix', to: 'asking' },
  { from: 'asking', on: 'none-left', to: 'failed' },

  { from: 'receiving', on: 'all-here', to: 'verifying' },
  { from: 'receiving', on: 'put-off', to: 'waiting' },
  { from: 'receiving', on: 'given-up', to: 'asking' },
  { from: 'receiving', on: 'none-left', to: 'failed' },

  { from: 'waiting', on: 'due', to: 'asking' },
  { from: 'waiting', on: 'given-up', to: 'asking' },
  { from: 'waiting', on: 'none-left', to: 'failed' },

  { from: 'verifying', on: 'right', to: 'keeping' },
  // A torn tail after a power cut, or two sources of which one lied: this one alone is asked for all of it.
  { from: 'verifying', on: 'wrong-mix', to: 'asking' },
  { from: 'verifying', on: 'wrong', to: 'asking' },
  { from: 'verifying', on: 'none-left', to: 'failed' },

  { from: 'keeping', on: 'kept', to: 'complete' },
  { from: 'keeping', on: 'unkept', to: 'passed' },

  ...ACTIVE.flatMap((from): FillTransition[] => [
    { from, on: 'broken', to: 'failed' },
    { from, on: 'stop', to: 'failed' },
  ]),
];

/** Why a source brought nothing. */
export type FillFailure = { readonly source: number; readonly because: string; readonly code: ErrorCode | undefined };

export type Fill = {
  readonly kind: FillKind;
  /** Which source is asked. */
  readonly source: number;
  /** Bytes that lie here and are in the hash. */
  readonly here: number;
  /** Of the whole, once a caller or a source has said it. */
  readonly sizeBytes: number | undefined;
  /** How much of the answer is here already. */
  readonly skip: number;
  /** Counts how often all was thrown away: what was read before is of no use any more. */
  readonly round: number;
  /** Not every byte here is of this source in this try, so it is not to blame for a wrong digest. */
  readonly isMixed: boolean;
  /** How often in a row this source was put off without a new byte. */
  readonly tries: number;
  /** When this source brought its last new byte; monotonic milliseconds. */
  readonly movedAt: number | undefined;
  readonly failures: readonly FillFailure[];
};

/** What was seen. `at` is monotonic milliseconds; `wanted`: somebody follows, or pins it. */
export type FillEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'restored'; readonly here: number }
  | { readonly kind: 'answered'; readonly startsAt: number; readonly sizeBytes: number | undefined }
  | (Refusal & { readonly kind: 'refused' })
  | (Arrived & { readonly kind: 'ended' } & Pick<Refusal, 'at' | 'wanted'>)
  | (Arrived & Refusal & { readonly kind: 'cut' })
  | { readonly kind: 'due'; readonly wanted: boolean }
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly because: string }
  | { readonly kind: 'kept' }
  | { readonly kind: 'unkept' }
  /** `isSpoiled`: what lies here must go. */
  | { readonly kind: 'broken'; readonly isSpoiled: boolean }
  | { readonly kind: 'stopped' };

type Refusal = {
  readonly at: number;
  readonly wanted: boolean;
  readonly because: string;
  /** It is of no use to ask this source again. */
  readonly isFinal: boolean;
  readonly code: ErrorCode | undefined;
};
/** How far it came; `movedAt`: when the last byte came that was not here yet. */
type Arrived = { readonly here: number; readonly movedAt: number | undefined };

/** What holds for all of a fill. */
export type FillTerms = {
  /** How many there are to ask. */
  readonly sources: number;
  /** Of the whole, as the caller says. */
  readonly promisedBytes: number | undefined;
  readonly maxBytes: number;
};

/** A source that was cut off is waited for so long after its last byte; then whoever follows is let go. */
const PATIENCE_MS = 60_000;

/** What is kept back from followers until the digest is right, so that a wrong file never looks complete. */
export const HOLD_BACK_BYTES = 64 * 1024;

export function beginFill({ promisedBytes }: FillTerms): Fill {
  const progress = { source: 0, here: 0, skip: 0, round: 0, isMixed: false, tries: 0, movedAt: undefined };
  return { kind: 'queued', sizeBytes: promisedBytes, failures: [], ...progress };
}

export function isActiveFill(kind: FillKind): kind is ActiveFillKind {
  return (ACTIVE as readonly FillKind[]).includes(kind);
}

/** How many bytes from the beginning a follower may have while `here` bytes lie on the disk. */
export function readableBytes({ kind, sizeBytes }: Fill, here: number): number {
  if (kind === 'keeping' || kind === 'complete' || kind === 'passed') return here;
  return sizeBytes === undefined ? 0 : Math.max(0, Math.min(here, sizeBytes - HOLD_BACK_BYTES));
}

/** Whether somebody who asks can be told the size, and that bytes come. */
export function isFollowable({ kind, sizeBytes }: Fill): boolean {
  return sizeBytes !== undefined && !['queued', 'restoring', 'asking', 'failed'].includes(kind);
}

/** The fill after an event, or the very same fill if the table has no row for it. */
export function stepFill(fill: Fill, event: FillEvent, terms: FillTerms): Fill {
  const [on, change] = judge(fill, event, terms);
  const row = FILL_TRANSITIONS.find(({ from, on: input }) => from === fill.kind && input === on);
  return row ? { ...fill, ...change, kind: row.to } : fill;
}

type Judgement = readonly [input: FillInput, change: Partial<Fill>];

function judge(fill: Fill, event: FillEvent, terms: FillTerms): Judgement {
  switch (event.kind) {
    case 'started':
      return ['start', {}];
    case 'restored':
      return judgeRestored(fill, event.here, terms);
    case 'answered':
      return judgeAnswer(fill, event, terms);
    case 'refused':
      return judgeRefusal(fill, event, terms);
    case 'ended':
      return judgeEnd(fill, event, terms);
    case 'cut':
      return judgeRefusal(arrive(fill, event), event, terms);
    case 'due':
      return event.wanted ? ['due', {}] : giveUp(fill, { because: 'nobody waits for it any more' }, terms);
    case 'right':
      return ['right', {}];
    case 'wrong':
      return judgeWrong(fill, event.because, terms);
    case 'kept':
    case 'unkept':
      return [event.kind, {}];
    case 'broken':
      return ['broken', event.isSpoiled ? { here: 0 } : {}];
    case 'stopped':
      return ['stop', {}];
    default:
      return event satisfies never;
  }
}

function judgeRestored(fill: Fill, found: number, { sources }: FillTerms): Judgement {
  // More than there can be is nothing that could be gone on with.
  const here = found > (fill.sizeBytes ?? found) ? 0 : found;
  const change = { here, isMixed: here > 0 };
  if (here === fill.sizeBytes) return ['all-here', change];
  return [sources > 0 ? 'restored' : 'none-left', change];
}

type Answered = Extract<FillEvent, { kind: 'answered' }>;

/** RFC 9110 section 14.4: an answer is used only if it continues what is here, and is of a file of that size. */
function judgeAnswer(fill: Fill, answer: Answered, terms: FillTerms): Judgement {
  const sizeBytes = fill.sizeBytes ?? answer.sizeBytes;
  if (sizeBytes !== undefined && sizeBytes < fill.here && fill.isMixed) return ['wrong-mix', beginAnew(fill, terms)];
  const because = contradiction(fill, answer, terms);
  if (because !== undefined) return giveUp(fill, { because }, terms);
  return ['answered', { skip: fill.here - answer.startsAt, sizeBytes }];
}

function contradiction(fill: Fill, { startsAt, sizeBytes }: Answered, { maxBytes }: FillTerms): string | undefined {
  const expected = fill.sizeBytes ?? sizeBytes;
  if (startsAt > fill.here || startsAt < 0) return `sends from byte ${startsAt}, asked from ${fill.here}`;
  if (expected === undefined) return undefined;
  if (sizeBytes !== undefined && sizeBytes !== expected) return `has ${sizeBytes} bytes, expected ${expected}`;
  if (expected > maxBytes) return `has more than ${maxBytes} bytes`;
  if (expected < fill.here) return `has ${expected} bytes, and ${fill.here} are here`;
  return undefined;
}

function judgeEnd(before: Fill, event: Extract<FillEvent, { kind: 'ended' }>, terms: FillTerms): Judgement {
  const fill = arrive(before, event);
  const { here, sizeBytes = here } = fill;
  if (here === sizeBytes) return ['all-here', { here, sizeBytes, movedAt: fill.movedAt }];
  const because = `ends after ${here} of ${sizeBytes} bytes`;
  return judgeRefusal(fill, { ...event, because, isFinal: false, code: undefined }, terms);
}

function arrive(fill: Fill, { here, movedAt }: Arrived): Fill {
  return movedAt === undefined ? { ...fill, here } : { ...fill, here, movedAt, tries: 0 };
}

function judgeRefusal(fill: Fill, refusal: Refusal, terms: FillTerms): Judgement {
  const { here, movedAt, tries } = fill;
  const isAlive = movedAt !== undefined && refusal.at - movedAt < PATIENCE_MS;
  if (refusal.wanted && isAlive && !refusal.isFinal) return ['put-off', { here, movedAt, tries: tries + 1 }];
  return giveUp(fill, refusal, terms);
}

function judgeWrong(fill: Fill, because: string, terms: FillTerms): Judgement {
  const anew = beginAnew(fill, terms);
  if (fill.isMixed && terms.sources > 0) return ['wrong-mix', anew];
  const [input, change] = giveUp({ ...fill, ...anew }, { because, code: 'asset-wrong-digest' }, terms);
  return [input === 'given-up' ? 'wrong' : input, change];
}

function beginAnew({ round }: Fill, { promisedBytes }: FillTerms) {
  return { here: 0, round: round + 1, isMixed: false, sizeBytes: promisedBytes };
}

function giveUp(fill: Fill, why: { because: string; code?: ErrorCode | undefined }, terms: FillTerms): Judgement {
  const { here, round, source } = fill;
  const failures = [...fill.failures, { source, because: why.because, code: why.code }];
  if (source + 1 >= terms.sources) return ['none-left', { here, round, failures }];
  // What only this source has said of the size goes with it, unless somebody may have read of its bytes.
  const sizeBytes = here === 0 ? terms.promisedBytes : fill.sizeBytes;
  const next = { source: source + 1, tries: 0, movedAt: undefined, isMixed: here > 0 };
  return ['given-up', { here, round, failures, sizeBytes, ...next }];
}

/** The table as a Mermaid diagram, for docs/fill-states.md; what ends every state is one line of it. */
export function renderFillDiagram(): string {
  const arrows = new Map<string, FillInput[]>();
  for (const { from, on, to } of FILL_TRANSITIONS.filter((row) => row.on !== 'broken' && row.on !== 'stop')) {
    const arrow = `${from} --> ${to}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), on]);
  }
  const lines = [...arrows].map(([arrow, inputs]) => `    ${arrow} : ${inputs.join(', ')}`);
  const note = '    note right of failed : from every state but complete and passed by broken and stop';
  return ['stateDiagram-v2', '    [*] --> queued', ...lines, note, ''].join('\n');
}
