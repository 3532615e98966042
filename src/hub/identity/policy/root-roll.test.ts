import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { decideRoots, knowsAll, ROOT_TABLE, type RootAct, type RootPhase, type SiteOfRoots } from './root-roll.ts';

const site = (name: string, knowsNext: boolean, isOnCurrent: boolean): SiteOfRoots => ({
  ...{ site: name, knowsNext, isOnCurrent },
});
const behind = site('store-1', false, true);
const onOld = site('store-2', true, false);
const ready = site('store-3', true, true);

describe('the roots of head office', () => {
  // Each cell: with sites that are ready, with one that does not know the next root, with one that is on the old one.
  it.each<readonly [RootPhase, RootAct, string, string, string]>([
    ['settled', 'roll', 'roll', 'refuse', 'roll'],
    ['settled', 'end', 'refuse', 'refuse', 'refuse'],
    ['rolling', 'roll', 'refuse', 'refuse', 'refuse'],
    ['rolling', 'end', 'end', 'refuse', 'refuse'],
  ])('%s: %s', (phase, act, whenReady, withBehind, withOld) => {
    const step = (sites: readonly SiteOfRoots[]): string => decideRoots(phase, act, sites).do;
    expect([step([ready]), step([ready, behind]), step([ready, onOld])]).toEqual([whenReady, withBehind, withOld]);
    expect(step([])).toBe(whenReady);
    expect(ROOT_TABLE[phase][act]).toBeDefined();
  });

  it('say who holds them up', () => {
    expect(decideRoots('settled', 'roll', [behind, ready, { ...behind, site: 'store-9' }])).toEqual({
      ...{ do: 'refuse', behind: ['store-1', 'store-9'] },
      because: 'the next root is not known yet at store-1 and 1 more; wait, or close the site',
    });
  });

  it('are known by a site that named all of them', () => {
    const [a, b, c] = ['a', 'b', 'c'] as Digest[] as [Digest, Digest, Digest];
    expect([knowsAll([c, b, a], [a, b]), knowsAll([a], [a, b]), knowsAll(undefined, [a])]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
