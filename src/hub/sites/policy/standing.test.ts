import { describe, expect, it } from 'vitest';
import type { SiteSession } from '../../../model/fleet/hub-rows.ts';
import { decideStanding, type HelloFacts, STANDING_RULES } from './standing.ts';

const current: SiteSession = {
  ...{ site: 'store-1', session: 's1', firstAt: 1, lastAt: 2, remote: '', ratchet: 'r2', ratchetBefore: 'r1' },
  ...{ hubEpoch: 'h1', serial: '01', stateCounter: 0, helloAt: 0, toldKeySet: 0, standing: 'current' },
  hardware: { machineId: '', manufacturer: '', product: '', serial: '' },
};
const newcomer: HelloFacts = {
  ...{ session: 's2', ratchet: 'r0', current, hubEpoch: 'h1', invitedAnew: false, isSilent: false },
};

const CASES: Readonly<Record<(typeof STANDING_RULES)[number]['name'], readonly HelloFacts[]>> = {
  first: [{ ...newcomer, current: undefined }],
  'goes-on': [
    { ...newcomer, session: 's1', ratchet: 'r2' },
    { ...newcomer, session: 's1' },
  ],
  restarted: [
    { ...newcomer, ratchet: 'r2' },
    { ...newcomer, ratchet: 'r1' },
  ],
  'memory-lost': [{ ...newcomer, hubEpoch: 'h2' }],
  'invited-anew': [{ ...newcomer, invitedAnew: true }],
  silent: [{ ...newcomer, isSilent: true }],
  beside: [newcomer, { ...newcomer, ratchet: '' }],
};

describe('which box speaks for a site', () => {
  it.each(STANDING_RULES)('$name', ({ name, standing }) => {
    const decided = CASES[name].map((facts) => decideStanding(facts));
    expect(decided.map((rule) => [rule.name, rule.standing])).toEqual(CASES[name].map(() => [name, standing]));
  });

  it('takes the ratchet before only until the box has shown that it has the new one', () => {
    const { ratchetBefore: _, ...proved } = current;
    expect(decideStanding({ ...newcomer, ratchet: 'r1', current: proved }).name).toBe('beside');
    expect(decideStanding({ ...newcomer, ratchet: '', current: proved }).name).toBe('beside');
  });

  it('lets a box begin anew that was killed before it had its first ratchet', () => {
    expect(decideStanding({ ...newcomer, ratchet: '', current: { ...current, ratchetBefore: '' } }).name).toBe(
      'restarted',
    );
  });
});
