import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { chooseVictims, type Evictable } from './evict.ts';

const file = (name: string, sizeBytes: number, usedAt: number, isPartial = false): Evictable => ({
  ...{ digest: name as Digest, sizeBytes, usedAt, isPartial },
});
const STORED = [file('new', 30, 9), file('old', 20, 1), file('begun', 10, 5, true), file('older', 5, 0)];
const names = (neededBytes: number): string[] => chooseVictims(STORED, neededBytes).map(({ digest }) => digest);

it('deletes beginnings first, then what was not used for longest, and no more than is needed', () => {
  expect([names(10), names(11), names(16), names(65)]).toEqual([
    ['begun'],
    ['begun', 'older'],
    ['begun', 'older', 'old'],
    ['begun', 'older', 'old', 'new'],
  ]);
});

it('deletes nothing if that would not be enough', () => {
  expect(names(66)).toEqual([]);
});

it('frees enough or nothing, and not one file too many', () => {
  const files = fc.array(fc.record({ sizeBytes: fc.nat(50), usedAt: fc.nat(9), isPartial: fc.boolean() }), {
    maxLength: 8,
  });
  const law = fc.property(files, fc.integer({ min: 1, max: 200 }), (stored, needed) => {
    const victims = chooseVictims(
      stored.map((one, index) => ({ ...one, digest: `${index}` as Digest })),
      needed,
    );
    const freed = victims.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (victims.length === 0) expect(stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(needed);
    else expect([freed >= needed, freed - (victims.at(-1)?.sizeBytes ?? 0) < needed]).toEqual([true, true]);
  });
  fc.assert(law, { numRuns: 100 });
});
