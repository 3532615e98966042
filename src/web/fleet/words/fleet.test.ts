import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, NOW, sampleFleet, sampleSite } from '../../../../test/support/fleet-views.ts';
import { FLEET_SITE_STATES } from '../../../wire/api/fleet-views.ts';
import {
  count,
  revisionLine,
  STATE_WORDS,
  sentence,
  siteDetail,
  siteWords,
  slotsLine,
  summary,
  whyNot,
} from './fleet.ts';

describe('the fleet in a line', () => {
  it('counts what is online, and names the rest only if there is any', () => {
    expect(summary(sampleFleet())).toBe('3 of 3 sites online');
    const sites = { invited: 1, online: 2900, silent: 98, forked: 1, retired: 0 };
    expect(summary(sampleFleet({ sites, behind: 1200, alarms: 1 }))).toBe(
      '2,901 of 3,000 sites online, 98 silent, 1,200 not yet on their revision, 1 alarm',
    );
  });

  it('says how the first site comes', () => {
    const sites = { invited: 0, online: 0, silent: 0, forked: 0, retired: 0 };
    expect(summary(sampleFleet({ sites }))).toContain('slipway hub invite SITE');
  });
});

describe('a site', () => {
  it.each(FLEET_SITE_STATES)('that is %s has a word, and a sentence with the time', (state) => {
    expect(siteWords(state).word).not.toBe('');
    expect(STATE_WORDS[state]).not.toBe('');
    expect(siteDetail(sampleSite({ state }), NOW)).toMatch(/\d\d:\d\d/);
  });

  it('that is silent has not failed, and its time is that of its last word', () => {
    const silent = sampleSite({ state: 'silent', since: NOW - MINUTE, lastHeardAt: NOW - 2 * HOUR });
    expect(siteWords('silent').tone).toBe('note');
    expect(siteDetail(silent, NOW)).toBe(
      'Not heard since 10:00 (2 h). Its store goes on with what it has; it gets the newest revision when it comes back.',
    );
  });

  it('has its revision, or says why not', () => {
    const wanted = { number: 6, push: 'p3', publication: 'r7' };
    expect(revisionLine({ number: 0 })).toBe('no revision');
    expect(revisionLine({ number: 6, push: 'p3', wanted })).toBe('revision 6 (p3)');
    expect(revisionLine({ number: 4, push: 'p2', wanted })).toBe('revision 4 (p2), to have 6 (p3)');
    expect(whyNot({ number: 6, wanted })).toBeUndefined();
    expect(whyNot({ number: 4 })).toBeUndefined();
    expect(whyNot({ number: 4, wanted, because: 'waits: canary soaks until 14:20' })).toBe(
      'Not on revision 6: waits: canary soaks until 14:20.',
    );
    expect(whyNot({ number: 4, wanted, state: 'fetched' })).toBe('Not on revision 6: it is fetched.');
    expect(whyNot({ number: 4, wanted })).toBe('Not on revision 6: it was not heard since.');
  });

  it('has slots', () => {
    expect([slotsLine({ enrolled: 2, total: 3 }), slotsLine({ enrolled: 0, total: 0 })]).toEqual([
      '2 of 3 working',
      'no slots',
    ]);
  });
});

it('writes large numbers and sentences as one reads them', () => {
  expect([0, 999, 1000, 30_000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '30,000', '1,234,567']);
  expect([sentence('it waits '), sentence('it waits.'), sentence('why?')]).toEqual(['it waits.', 'it waits.', 'why?']);
});
