import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import {
  APPLY_STATES,
  APPLY_TABLE,
  type Applied,
  type ApplyEvent,
  type ApplyState,
  countStart,
  isOver,
  NOTHING_APPLIED,
  retry,
  step,
  type Wanted,
  want,
  whyBad,
} from './apply.ts';

const NOW = 1_700_000_000_000;
const digest = (letter: string) => letter.repeat(64) as Digest;
const wanted = (number: number, bundle = digest('b')): Wanted => ({
  ...{ number, bundle, sizeBytes: 10, publication: 'r1' },
});
const at = (state: ApplyState, more: Partial<Applied> = {}): Applied => ({
  ...{ highest: 7, bad: [], ...more },
  candidate: { ...wanted(8), state, since: NOW, content: digest('c') },
});

describe('each step of the table', () => {
  type Steps = Exclude<ApplyEvent, 'newer'>;
  test.each<[ApplyState, Steps, ApplyState]>([
    ['offered', 'proved', 'fetched'],
    ['offered', 'faulty', 'refused'],
    ['fetched', 'ready', 'trial'],
    ['fetched', 'frozen', 'deferred'],
    ['fetched', 'same', 'confirmed'],
    ['fetched', 'lost', 'offered'],
    ['fetched', 'faulty', 'refused'],
    ['deferred', 'ready', 'trial'],
    ['deferred', 'unready', 'fetched'],
    ['deferred', 'same', 'confirmed'],
    ['deferred', 'lost', 'offered'],
    ['deferred', 'faulty', 'refused'],
    ['trial', 'healthy', 'confirmed'],
    ['trial', 'unhealthy', 'reverted'],
    ['reverted', 'retry', 'offered'],
    ['refused', 'retry', 'offered'],
  ])('%s, %s: %s', (from, event, to) => {
    expect(step(at(from), event, NOW + 1).candidate).toMatchObject({ state: to, since: NOW + 1, number: 8 });
  });

  test('these are all, and what is not listed changes nothing', () => {
    const listed = APPLY_STATES.flatMap((state) =>
      Object.keys(APPLY_TABLE[state]).filter((event) => event !== 'newer'),
    );
    expect(listed).toHaveLength(16);
    const confirmed = at('confirmed');
    expect(step(confirmed, 'unhealthy', NOW)).toBe(confirmed);
    expect(step(NOTHING_APPLIED, 'proved', NOW)).toBe(NOTHING_APPLIED);
  });

  test.each(APPLY_STATES)('a newer one wins from %s', (state) => {
    expect(want(at(state), wanted(9, digest('d')), NOW).candidate).toEqual({
      ...wanted(9, digest('d')),
      ...{ state: 'offered', since: NOW },
    });
  });
});

test('what is proved is the highest from then on, what is confirmed is gone back to, what is reverted is bad', () => {
  const proved = step(at('offered'), 'proved', NOW);
  expect(proved).toMatchObject({ highest: 8, accepted: digest('b') });
  const confirmed = step(at('trial'), 'healthy', NOW);
  expect(confirmed.confirmed).toEqual({ number: 8, bundle: digest('b'), content: digest('c') });
  const reverted = step(at('trial'), 'unhealthy', NOW, { because: 'no machine came up' });
  expect(whyBad(reverted, digest('c'))).toContain(
    'revision 8, which was tried here and did not work: no machine came up',
  );
  expect(whyBad(reverted, digest('d'))).toBeUndefined();
  expect(whyBad(retry(reverted, NOW), digest('c'))).toBeUndefined();
});

describe('what head office may want', () => {
  const over = at('reverted', { highest: 8, accepted: digest('b') });
  test('the very same changes nothing', () => {
    expect(want(over, wanted(8), NOW)).toBe(over);
  });
  test('an older one, or another of the same number, is refused', () => {
    expect(want(over, wanted(6, digest('d')), NOW).candidate).toMatchObject({ number: 6, state: 'refused' });
    expect(want(over, wanted(8, digest('d')), NOW).candidate).toMatchObject({ number: 8, state: 'refused' });
  });
  test('while another one is under way it is not even said', () => {
    const trial = at('trial', { highest: 8 });
    expect(want(trial, wanted(6, digest('d')), NOW)).toBe(trial);
  });
  test('what is confirmed is no older one', () => {
    const confirmed = { number: 7, bundle: digest('a'), content: digest('e') };
    const now = want({ ...over, confirmed }, wanted(7, digest('a')), NOW);
    expect(now.candidate).toMatchObject({ number: 7, state: 'confirmed' });
  });
  test('the bundle of the highest number may come again, and any after a lost file', () => {
    expect(
      want(at('refused', { highest: 9, accepted: digest('d') }), wanted(9, digest('d')), NOW).candidate?.state,
    ).toBe('offered');
    expect(want({ ...NOTHING_APPLIED, highest: 9 }, wanted(9, digest('d')), NOW).candidate?.state).toBe('offered');
  });
});

test('starts are counted in a trial alone', () => {
  const trial = step(at('fetched'), 'ready', NOW, { trial: { starts: 0, afterBoot: 4 } });
  expect(countStart(countStart(trial, 1), 1).candidate?.trial).toEqual({ starts: 2, afterBoot: 4 });
  const confirmed = at('confirmed');
  expect(countStart(confirmed, 1)).toBe(confirmed);
});

test('whatever happens: no lower number than the highest is ever under way, and what is confirmed was tried or was the same', () => {
  const events: Exclude<ApplyEvent, 'newer'>[] = [
    ...(['proved', 'ready', 'frozen', 'unready', 'lost', 'same', 'healthy', 'unhealthy', 'faulty', 'retry'] as const),
  ];
  const move = fc.oneof(
    fc.record({ want: fc.integer({ min: 1, max: 9 }), letter: fc.constantFrom('a', 'b', 'd') }),
    fc.constantFrom(...events),
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      let applied = NOTHING_APPLIED;
      for (const one of moves) {
        const before = applied;
        applied =
          typeof one === 'string'
            ? step(before, one, NOW, { content: digest('c') })
            : want(before, wanted(one.want, digest(one.letter)), NOW);
        expect(applied.highest).toBeGreaterThanOrEqual(before.highest);
        const { candidate } = applied;
        if (candidate && !isOver(candidate.state)) expect(candidate.number).toBeGreaterThanOrEqual(applied.highest);
        if (applied.confirmed !== before.confirmed) expect(['healthy', 'same']).toContain(one);
      }
    }),
  );
});
