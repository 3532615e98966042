import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginFill,
  FILL_TRANSITIONS,
  type Fill,
  type FillEvent,
  type FillInput,
  type FillKind,
  type FillTerms,
  HOLD_BACK_BYTES,
  isFollowable,
  readableBytes,
  stepFill,
} from './fill-machine.ts';

const TERMS: FillTerms = { sources: 2, promisedBytes: 100, maxBytes: 1_000_000 };
const ONE: FillTerms = { ...TERMS, sources: 1 };
const at = (kind: FillKind, change: Partial<Fill> = {}): Fill => ({ ...beginFill(TERMS), kind, ...change });

const no = { at: 70_000, wanted: true, because: 'no', isFinal: false, code: undefined };
const refused: FillEvent = { kind: 'refused', ...no };
const cut: FillEvent = { kind: 'cut', here: 40, movedAt: 69_999, ...no };
const ended = (here: number): FillEvent => ({ kind: 'ended', here, movedAt: 69_999, at: 70_000, wanted: true });
const answered = (startsAt: number, sizeBytes?: number): FillEvent => ({ kind: 'answered', startsAt, sizeBytes });
const wrong: FillEvent = { kind: 'wrong', because: 'has another digest' };

/** For each row of the table one way in which it comes about, and what is true after it. */
const CASES: readonly (readonly [Fill, FillInput, FillEvent, FillKind, Partial<Fill>, FillTerms?])[] = [
  [at('queued'), 'start', { kind: 'started' }, 'restoring', {}],
  [at('restoring'), 'restored', { kind: 'restored', here: 40 }, 'asking', { here: 40, isMixed: true }],
  [at('restoring'), 'all-here', { kind: 'restored', here: 100 }, 'verifying', { here: 100, isMixed: true }],
  [at('restoring'), 'none-left', { kind: 'restored', here: 40 }, 'failed', { here: 40 }, { ...TERMS, sources: 0 }],
  [at('asking', { here: 40 }), 'answered', answered(30, 100), 'receiving', { skip: 10 }],
  [at('asking', { movedAt: 10_001, tries: 2 }), 'put-off', refused, 'waiting', { tries: 3 }],
  [at('asking', { movedAt: 10_000, here: 9 }), 'given-up', refused, 'asking', { source: 1, isMixed: true, tries: 0 }],
  [
    at('asking', { source: 1 }),
    'none-left',
    refused,
    'failed',
    { failures: [{ source: 1, because: 'no', code: undefined }] },
  ],
  [
    at('asking', { here: 150, isMixed: true, sizeBytes: undefined }),
    'wrong-mix',
    answered(150, 100),
    'asking',
    { here: 0, round: 1 },
  ],
  [at('receiving'), 'all-here', ended(100), 'verifying', { here: 100 }],
  [at('receiving', { tries: 4 }), 'put-off', cut, 'waiting', { here: 40, movedAt: 69_999, tries: 1 }],
  [at('receiving'), 'given-up', { ...cut, isFinal: true }, 'asking', { here: 40, source: 1, isMixed: true }],
  [at('receiving', { source: 1 }), 'none-left', { ...cut, wanted: false }, 'failed', { here: 40 }],
  [at('waiting', { here: 40 }), 'due', { kind: 'due', wanted: true }, 'asking', { here: 40, source: 0 }],
  [at('waiting'), 'given-up', { kind: 'due', wanted: false }, 'asking', { source: 1 }],
  [at('waiting', { here: 40 }), 'none-left', { kind: 'due', wanted: false }, 'failed', { here: 40 }, ONE],
  [at('verifying', { here: 100 }), 'right', { kind: 'right' }, 'keeping', { here: 100 }],
  [
    at('verifying', { here: 100, isMixed: true }),
    'wrong-mix',
    wrong,
    'asking',
    { here: 0, source: 0, round: 1, isMixed: false },
  ],
  [at('verifying', { here: 100 }), 'wrong', wrong, 'asking', { here: 0, source: 1, round: 1 }],
  [at('verifying', { here: 100 }), 'none-left', wrong, 'failed', { here: 0, round: 1 }, ONE],
  [at('keeping', { here: 100 }), 'kept', { kind: 'kept' }, 'complete', { here: 100 }],
  [at('keeping', { here: 100 }), 'unkept', { kind: 'unkept' }, 'passed', { here: 100 }],
  ...(['queued', 'restoring', 'asking', 'receiving', 'waiting', 'verifying', 'keeping'] as const).flatMap((kind) => {
    const full = [at(kind, { here: 9 }), 'broken', { kind: 'broken', isSpoiled: true }, 'failed', { here: 0 }] as const;
    return [full, [at(kind, { here: 9 }), 'stop', { kind: 'stopped' }, 'failed', { here: 9 }] as const];
  }),
];

describe('a fill', () => {
  const cases = CASES.map(([before, on, event, to, change, terms = TERMS]) => ({
    before,
    on,
    event,
    to,
    change,
    terms,
  }));
  it.each(cases)('that is $before.kind, on $on, is $to', ({ before, on, event, to, change, terms }) => {
    expect(FILL_TRANSITIONS.filter((row) => row.from === before.kind && row.on === on)).toHaveLength(1);
    expect(stepFill(before, event, terms)).toMatchObject({ kind: to, ...change });
  });

  it('has a test for each row of its table', () => {
    const tested = new Set(CASES.map(([{ kind }, on]) => `${kind} ${on}`));
    expect(FILL_TRANSITIONS.map(({ from, on }) => `${from} ${on}`).filter((row) => !tested.has(row))).toEqual([]);
  });

  it('that is over stays as it is', () => {
    for (const kind of ['complete', 'passed', 'failed'] as const) {
      const fill = at(kind);
      expect(stepFill(fill, refused, TERMS)).toBe(fill);
    }
  });

  it.each([
    ['begins behind what is here', at('asking', { here: 10 }), answered(20, 100), 'sends from byte 20, asked from 10'],
    ['has another size', at('asking'), answered(0, 99), 'has 99 bytes, expected 100'],
    ['is too much', at('asking', { sizeBytes: undefined }), answered(0, 1_000_001), 'has more than 1000000 bytes'],
    [
      'is shorter than what it sent before',
      at('asking', { here: 9, sizeBytes: undefined }),
      answered(9, 8),
      'has 8 bytes, and 9 are here',
    ],
  ])('does not use an answer that %s', (_, before, event, because) => {
    const fill = stepFill(before, event, TERMS);
    expect([fill.kind, fill.source, fill.failures[0]?.because]).toEqual(['asking', 1, because]);
  });

  it('forgets what a source said of the size when it brought nothing, and not what the caller said', () => {
    const unknown = { ...TERMS, promisedBytes: undefined };
    const next = (terms: FillTerms) =>
      stepFill(at('receiving', { sizeBytes: 77 }), { ...cut, here: 0, isFinal: true }, terms);
    expect([next(unknown).sizeBytes, next(TERMS).sizeBytes]).toEqual([undefined, 100]);
  });

  it('of unknown size is all here when its source ends, and one of known size is not', () => {
    expect(stepFill(at('receiving', { sizeBytes: undefined }), ended(33), TERMS)).toMatchObject({
      kind: 'verifying',
      sizeBytes: 33,
    });
    expect(stepFill(at('receiving'), ended(33), TERMS)).toMatchObject({ kind: 'waiting', here: 33 });
  });
});

const events: fc.Arbitrary<FillEvent> = fc.oneof(
  fc.constantFrom<FillEvent>({ kind: 'started' }, { kind: 'right' }, { kind: 'kept' }, wrong),
  fc.record({ kind: fc.constant('restored' as const), here: fc.nat(120) }),
  fc.record({
    kind: fc.constant('answered' as const),
    startsAt: fc.nat(120),
    sizeBytes: fc.option(fc.nat(120), { nil: undefined }),
  }),
  fc.boolean().map((isFinal): FillEvent => ({ ...no, kind: 'refused', isFinal })),
  fc.nat(100).map((here): FillEvent => ({ ...no, kind: 'cut', here, movedAt: 69_000 })),
  fc.nat(100).map(ended),
  fc.boolean().map((wanted): FillEvent => ({ kind: 'due', wanted })),
);

/** What holds of each step, whatever came before it. */
function checkStep(fill: Fill, event: FillEvent, next: Fill): void {
  const isReleased = next.kind === 'keeping' || next.kind === 'complete';
  if (isReleased && fill.kind === 'verifying') expect(event.kind).toBe('right');
  if (isReleased) expect(['verifying', 'keeping', 'complete']).toContain(fill.kind);
  else expect(readableBytes({ ...next, sizeBytes: 200_000 }, 200_000)).toBe(200_000 - HOLD_BACK_BYTES);
  expect(next.kind === 'receiving' ? next.here - next.skip : 0).toBeGreaterThanOrEqual(0);
  expect(next.round === fill.round ? 0 : next.here).toBe(0);
  expect(!isFollowable(next) || next.sizeBytes !== undefined).toBe(true);
  expect(next.source).toBeLessThan(TERMS.sources);
  expect(next.source).toBeGreaterThanOrEqual(fill.source);
}

it('keeps its promises whatever happens', () => {
  const walk = fc.property(fc.array(events, { maxLength: 40 }), (happened) => {
    let fill = beginFill(TERMS);
    for (const event of happened) {
      const next = stepFill(fill, event, TERMS);
      checkStep(fill, event, next);
      fill = next;
    }
  });
  fc.assert(walk, { numRuns: 300 });
});
