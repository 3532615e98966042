import { describe, expect, test } from 'vitest';
import { POS_MAC, sampleProfile, sampleSlot, T0 } from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { MachineId } from '../../../model/machine.ts';
import { createState } from '../../../model/state.ts';
import { bootsOf, judgeTrial, lastBootOf, type TrialFacts, type TriedRevision, trialRules } from './trial.ts';

const rules = trialRules(600_000);
const well: TrialFacts = { elapsedMs: 0, starts: 1, problems: [], boots: { open: 0, well: 0, worse: [] } };
const judged = (changes: Partial<TrialFacts>) => judgeTrial({ ...well, ...changes }, rules);

describe('what becomes of a trial', () => {
  test.each<[string, Partial<TrialFacts>, string]>([
    ['at its beginning', {}, 'go-on'],
    ['when its time is over', { elapsedMs: 600_000 }, 'healthy'],
    ['while a boot is under way', { elapsedMs: 600_000, boots: { open: 1, well: 3, worse: [] } }, 'go-on'],
    ['when that boot takes for ever', { elapsedMs: 3_600_000, boots: { open: 1, well: 0, worse: [] } }, 'healthy'],
    ['when a boot came through at once', { elapsedMs: 5_000, boots: { open: 0, well: 1, worse: [] } }, 'go-on'],
    ['when a boot came through a minute ago', { elapsedMs: 60_000, boots: { open: 0, well: 1, worse: [] } }, 'healthy'],
    ['when it does not serve', { elapsedMs: 600_000, problems: ['no socket'] }, 'unhealthy'],
    ['when a machine is worse', { elapsedMs: 600_000, boots: { open: 0, well: 1, worse: ['pos-1'] } }, 'unhealthy'],
    ['at the third start', { starts: 3 }, 'go-on'],
    ['at the fourth start', { starts: 4 }, 'unhealthy'],
  ])('%s', (_when, changes, kind) => {
    expect(judged(changes).kind).toBe(kind);
  });
});

describe('whose boots count', () => {
  const NEW = 'a'.repeat(64) as Digest;
  const OLD = 'b'.repeat(64) as Digest;
  const stalls = [{ stage: 'os', row: 'os', since: T0, cause: 'no configuration', nextStep: 'Look' }] as const;
  const boot = (id: number, changes: Partial<Boot>): Boot => ({
    ...{ id: `b${id}` as BootId, machine: 'm1' as MachineId, mac: POS_MAC, openedAt: T0, stage: 'os', reached: {} },
    ...{ revision: NEW, slot: 'pos-1', ...changes },
  });
  const stateOf = (...boots: readonly Boot[]) =>
    createState(boots.map((row) => ({ table: 'boots', key: row.id, row })));
  const profile = sampleProfile({ digest: 'c'.repeat(64) as Digest });
  const slots = Object.fromEntries(['pos-1', 'pos-2'].map((name) => [name, sampleSlot({ name, profile })]));
  const tried: TriedRevision = { digest: NEW, slots };
  const found = (...boots: readonly Boot[]) => bootsOf(tried, 0, stateOf(...boots));

  test('those that the revision was the answer to', () => {
    expect(found(boot(1, {}), boot(2, { outcome: { kind: 'live' } }), boot(3, { revision: OLD }))).toEqual({
      ...{ open: 1, well: 1, worse: [] },
    });
    expect(found(boot(1, { stalls }))).toMatchObject({
      open: 0,
      worse: ['pos-1 did not come up (boot b1): no configuration'],
    });
    expect(found(boot(1, { outcome: { kind: 'refused', because: 'wrong computer' } })).worse).toHaveLength(1);
  });

  test('not one that went on after all, nor one that shows its code', () => {
    const [stall] = stalls;
    expect(found(boot(1, { stalls: [{ ...stall, endedAt: T0 }] })).worse).toEqual([]);
    expect(found(boot(1, { stage: 'held', stalls: [{ ...stall, stage: 'held' }] }))).toMatchObject({
      open: 0,
      worse: [],
    });
  });

  test('not of a machine that did not come up before either', () => {
    expect(found(boot(1, { revision: OLD, stalls }), boot(2, { stalls })).worse).toEqual([]);
    expect(found(boot(1, { revision: OLD, outcome: { kind: 'live' } }), boot(2, { stalls })).worse).toHaveLength(1);
  });

  test('not of a machine beside which another came up, or may yet, with the very same profile', () => {
    const [down, up] = [boot(1, { stalls }), { machine: 'm2' as MachineId, slot: 'pos-2' }];
    expect(found(down, boot(2, up)).worse).toEqual([]);
    expect(found(down, boot(2, { ...up, outcome: { kind: 'live' } })).worse).toEqual([]);
    expect(found(down, boot(2, { ...up, stalls })).worse).toHaveLength(2);
    expect(found(down, boot(2, { ...up, slot: 'edge-1', outcome: { kind: 'live' } })).worse).toHaveLength(1);
    const tried = { stalls, outcome: { kind: 'stalled', ...stalls[0] } } as const;
    expect(found(boot(1, tried), boot(2, { outcome: { kind: 'live' } })).worse).toEqual([]);
  });

  test('not those of an earlier trial of the same content', () => {
    const earlier = stateOf(boot(4, { stalls }));
    expect(lastBootOf(NEW, earlier)).toBe(4);
    expect(bootsOf(tried, 4, earlier)).toEqual({ open: 0, well: 0, worse: [] });
    expect(bootsOf(tried, 4, stateOf(boot(4, { stalls }), boot(5, { stalls }))).worse).toHaveLength(1);
  });
});
