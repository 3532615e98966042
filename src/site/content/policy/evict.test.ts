import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import type { FileGroup } from '../../../model/content.ts';
import { chooseVictims, type Evictable } from './evict.ts';

const file = (name: string, sizeBytes: number, usedAt: number, isPartial = false): Evictable => ({
  ...{ digest: name as Digest, sizeBytes, usedAt, isPartial },
});
const group = (head: string, ...parts: string[]): FileGroup => ({
  ...{ head: head as Digest, parts: parts as Digest[], leadsTo: [] },
});
const NONE = { isKept: () => false, groups: [] };

describe('to make room', () => {
  const STORED = [file('new', 30, 9), file('old', 20, 1), file('begun', 10, 5, true), file('older', 5, 0)];
  const names = (neededBytes: number, kept = ''): string[] => {
    const isKept = (digest: Digest) => digest === kept;
    return chooseVictims(STORED, neededBytes, { ...NONE, isKept }).map(({ digest }) => digest);
  };

  it('beginnings go first, then what was not used for longest, and no more than is needed', () => {
    expect([names(10), names(11), names(16), names(65)]).toEqual([
      ['begun'],
      ['begun', 'older'],
      ['begun', 'older', 'old'],
      ['begun', 'older', 'old', 'new'],
    ]);
  });

  it('what is kept stays', () => {
    expect(names(16, 'older')).toEqual(['begun', 'old']);
  });

  it('nothing goes if all of it would not be enough', () => {
    expect([names(66), names(61, 'older')]).toEqual([[], []]);
  });

  it('an image goes whole, by when its manifest was used, and leaves what another one has, too', () => {
    const stored = [
      file('m1', 1, 5),
      file('a', 10, 1),
      file('base', 10, 1),
      file('m2', 1, 7),
      file('b', 10, 2),
      file('k', 9, 6),
    ];
    const groups = [group('m1', 'a', 'base'), group('m2', 'b', 'base')];
    const gone = (bytes: number) => chooseVictims(stored, bytes, { ...NONE, groups }).map(({ digest }) => digest);
    expect([gone(1), gone(12), gone(21)]).toEqual([
      ['m1', 'a'],
      ['m1', 'a', 'k'],
      ['m1', 'a', 'k', 'm2', 'b', 'base'],
    ]);
  });
});

it('an index goes after its images', () => {
  const stored = [file('index', 1, 1), file('m1', 1, 3), file('m2', 1, 2)];
  const groups = [{ ...group('index'), leadsTo: ['m1', 'm2'] as Digest[] }, group('m1'), group('m2')];
  expect(chooseVictims(stored, 2, { ...NONE, groups }).map(({ digest }) => digest)).toEqual(['m2', 'm1']);
});

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const name = fc.constantFrom(...NAMES);
const world = fc.record({
  sizes: fc.array(fc.record({ sizeBytes: fc.nat(50), usedAt: fc.nat(9), isPartial: fc.boolean() }), {
    minLength: NAMES.length,
    maxLength: NAMES.length,
  }),
  kept: fc.array(name, { maxLength: 3 }),
  groups: fc.array(fc.tuple(name, fc.array(name, { maxLength: 3 })), { maxLength: 3 }),
  needed: fc.integer({ min: 1, max: 250 }),
});

it('whatever lies here: enough goes or nothing, never what is kept, no part of an image without the rest, and the oldest', () => {
  const law = fc.property(world, ({ sizes, kept, groups: drawn, needed }) => {
    const stored = sizes.map((one, index) => ({ ...one, digest: (NAMES[index] ?? 'a') as string as Digest }));
    const groups = drawn.map(([head, parts]) => group(head, ...parts));
    const isKept = (digest: Digest) => (kept as string[]).includes(digest);
    const victims = chooseVictims(stored, needed, { isKept, groups });
    const sum = (files: readonly Evictable[]) => files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    const may = stored.filter(({ digest }) => !isKept(digest));
    if (victims.length === 0) {
      expect(sum(may)).toBeLessThan(needed);
      return;
    }
    expect([sum(victims) >= needed, victims.some(({ digest }) => isKept(digest)), new Set(victims).size]).toEqual([
      ...[true, false, victims.length],
    ]);
    const isIn = (digest: Digest) => (one: FileGroup) => one.head === digest || one.parts.includes(digest);
    const whole = may.filter(({ isPartial }) => !isPartial);
    for (const one of whole.filter((each) => victims.includes(each))) {
      const mine = groups.filter(isIn(one.digest));
      // What only its images have goes with it.
      const bound = whole.filter(({ digest }) => {
        const held = groups.filter(isIn(digest));
        return held.length > 0 && held.every((each) => mine.includes(each));
      });
      expect(bound.every((each) => victims.includes(each))).toBe(true);
      // What belongs to no image goes by its age alone, and after every beginning.
      const older = whole.filter(({ digest, usedAt }) => usedAt < one.usedAt && !groups.some(isIn(digest)));
      if (mine.length === 0) expect(older.every((each) => victims.includes(each))).toBe(true);
      expect(may.every((each) => !each.isPartial || victims.includes(each))).toBe(true);
    }
  });
  fc.assert(law, { numRuns: 200 });
});
