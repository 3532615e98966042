import { describe, expect, it } from 'vitest';
import type { PublicationSite, PublicationState } from '../../../model/fleet/hub-rows.ts';
import { nextState, PUBLICATION_INPUTS, type PublicationInput, TRANSITIONS } from './publication-machine.ts';
import { heed, parseApply } from './site-report.ts';

const LISTED: readonly [PublicationState, PublicationInput, PublicationState][] = [
  ['draft', 'start-canary', 'canary'],
  ['draft', 'start-all', 'all'],
  ['draft', 'abort', 'aborted'],
  ['canary', 'canaries-confirmed', 'soaking'],
  ['canary', 'failed', 'halted'],
  ['canary', 'pause', 'paused'],
  ['canary', 'abort', 'aborted'],
  ['canary', 'rollback', 'rolling-back'],
  ['soaking', 'soaked', 'all'],
  ['soaking', 'failed', 'halted'],
  ['soaking', 'pause', 'paused'],
  ['soaking', 'abort', 'aborted'],
  ['soaking', 'rollback', 'rolling-back'],
  ['all', 'settled', 'done'],
  ['all', 'failed', 'halted'],
  ['all', 'pause', 'paused'],
  ['all', 'abort', 'aborted'],
  ['all', 'rollback', 'rolling-back'],
  ['paused', 'resume', 'canary'],
  ['paused', 'abort', 'aborted'],
  ['paused', 'rollback', 'rolling-back'],
  ['halted', 'resume', 'canary'],
  ['halted', 'abort', 'aborted'],
  ['halted', 'rollback', 'rolling-back'],
  ['done', 'failed', 'halted'],
  ['done', 'rollback', 'rolling-back'],
  ['aborted', 'rollback', 'rolling-back'],
  ['rolling-back', 'settled', 'rolled-back'],
  ['rolling-back', 'pause', 'paused'],
];

describe('a publication', () => {
  it.each(LISTED)('%s + %s is %s', (state, input, then) => {
    expect(nextState({ state, resumeTo: 'canary' }, input)).toBe(then);
  });

  it('is changed by nothing else', () => {
    const listed = new Set(LISTED.map(([state, input]) => `${state} ${input}`));
    const inTable = Object.entries(TRANSITIONS).flatMap(([state, to]) =>
      Object.keys(to).map((input) => `${state} ${input}`),
    );
    expect(inTable.sort()).toEqual([...listed].sort());
  });

  it('that is taken back and paused can only be resumed', () => {
    const inputs = Object.keys(PUBLICATION_INPUTS) as PublicationInput[];
    const moves = inputs.filter((input) => nextState({ state: 'paused', resumeTo: 'rolling-back' }, input));
    expect(moves).toEqual(['resume']);
  });
});

describe('what a site says of itself', () => {
  const row: PublicationSite = {
    ...{ publication: 'r1', site: 's', number: 3, isCanary: false },
    ...{ state: 'offered', since: 1 },
  };
  it.each([undefined, null, 'x', {}, { number: 1.5, state: 'trial' }, { number: 1, state: 'waiting' }])(
    'is not read as %j',
    (value) => {
      expect(parseApply(value)).toBeUndefined();
    },
  );
  it('is of one number', () => {
    expect(heed(row, { number: 2, state: 'confirmed' }, 5)).toBeUndefined();
    expect(heed(row, { number: 3, state: 'trial', because: 'x' }, 5)).toEqual({
      ...{ ...row, state: 'trial', since: 5 },
      because: 'x',
    });
  });
  it('keeps its since while only the words change', () => {
    const said = heed({ ...row, state: 'trial' }, { number: 3, state: 'trial', because: '40 %' }, 5);
    expect([said?.since, said?.because]).toEqual([1, '40 %']);
  });
  it('changes nothing that is over or that it has not', () => {
    expect(heed({ ...row, state: 'superseded' }, { number: 3, state: 'confirmed' }, 5)).toBeUndefined();
    expect(heed({ ...row, state: 'waiting' }, { number: 3, state: 'offered' }, 5)).toBeUndefined();
    expect(heed(row, { number: 3, state: 'offered' }, 5)).toBeUndefined();
  });
  it('is cut where it is long', () => {
    expect(parseApply({ number: 1, state: 'refused', because: 'x'.repeat(9_999) })?.because).toHaveLength(500);
  });
});
