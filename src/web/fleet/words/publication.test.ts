import { describe, expect, it } from 'vitest';
import { MINUTE, NOW, sampleCounts, samplePublication } from '../../../../test/support/fleet-views.ts';
import type { PublicationState } from '../../../model/fleet/hub-rows.ts';
import {
  ACTS,
  countsLine,
  publicationDetail,
  publicationSiteWords,
  publicationWords,
  rulesLine,
} from './publication.ts';

const SAYINGS: Readonly<Record<PublicationState, string>> = {
  draft: 'not started yet',
  canary: 'First 2 sites of 20 get it, since 11:55 (5 min).',
  soaking: 'All others get it at 12:20.',
  all: 'All 20 sites get it',
  paused: 'No further site is offered it',
  halted: 'until a person says so',
  done: 'All sites that can be reached have it',
  aborted: 'Sites that have it keep it.',
  'rolling-back': 'the canaries last',
  'rolled-back': 'have again what they had before',
};

describe('a publication', () => {
  it.each(Object.entries(SAYINGS))('that is %s says what that means', (state, saying) => {
    const publication = samplePublication({ state: state as PublicationState, soakEndsAt: NOW + 20 * MINUTE });
    expect(publicationWords(publication.state).word).not.toBe('');
    expect(publicationDetail(publication, NOW)).toContain(saying);
  });

  it('says why it was halted', () => {
    const halted = samplePublication({ state: 'halted', because: 'store-0001 went back: DHCP does not answer' });
    expect(publicationWords('halted').tone).toBe('bad');
    expect(publicationDetail(halted, NOW)).toMatch(/says so\. store-0001 went back: DHCP does not answer\.$/);
  });

  it('counts what failed apart from what cannot be reached or was put off', () => {
    const counts = sampleCounts({ confirmed: 12, failed: 1, unreachable: 3, deferred: 2, waiting: 2 });
    expect(countsLine(samplePublication({ counts }))).toBe(
      '12 of 20 confirmed, 1 failed, 2 put off by the store, 3 not reachable, 2 waiting',
    );
    expect(countsLine(samplePublication({ counts: sampleCounts({ confirmed: 20 }) }))).toBe('20 of 20 confirmed');
  });

  it('has rules', () => {
    expect(rulesLine(samplePublication())).toBe(
      'First store-0001, store-0002, watched for 30 min; it halts at 1 failed site, or 5 % of those that tried.',
    );
    const rules = { canary: [], soakMs: 0, haltAfter: 3, haltPercent: 10 };
    expect(rulesLine(samplePublication({ rules }))).toBe(
      'All at once; it halts at 3 failed sites, or 10 % of those that tried.',
    );
  });

  it('is steered with a sentence that says what will happen', () => {
    const halted = samplePublication({
      state: 'halted',
      counts: sampleCounts({ confirmed: 1, failed: 1, waiting: 18 }),
    });
    expect(ACTS.resume.will(halted)).toBe(
      'It was halted because 1 site failed. It goes on all the same, to 18 sites that wait.',
    );
    expect(ACTS.resume.will(samplePublication({ state: 'paused' }))).toBe('It goes on to 18 sites that wait.');
    expect(ACTS.rollback.will(halted)).toContain('1 site that has it go back');
    expect(ACTS.abort.will(halted)).toContain('cannot be resumed');
    expect(ACTS.pause.will(halted)).toContain('Sites that have begun go on.');
    expect(Object.values(ACTS).map(({ isDanger }) => isDanger)).toEqual([false, false, true, true]);
  });
});

describe('a site of a publication', () => {
  it('that cannot be reached has not failed; one that has it, has it', () => {
    expect(publicationSiteWords('waiting', true)).toEqual({ word: 'Not reachable', tone: 'note' });
    expect(publicationSiteWords('confirmed', true).tone).toBe('good');
    expect(publicationSiteWords('reverted').tone).toBe('bad');
  });
});
