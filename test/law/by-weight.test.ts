import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dealOut } from '../tiers/by-weight.ts';
import { secondsOf } from '../tiers/weights.ts';

const top = join(import.meta.dirname, '../..');

describe('the parts of a tier', () => {
  const files = [
    'test/lab/life-of-a-slot.test.ts',
    'test/lab/install.test.ts',
    'test/lab/a.test.ts',
    'test/lab/b.test.ts',
  ];
  const deal = (count: number) =>
    dealOut(
      files,
      count,
      (file) => file,
      () => 'lab',
    );

  test('have each file once', () => {
    expect(deal(3).flat().toSorted()).toEqual(files.toSorted());
    expect(deal(9).flat().toSorted()).toEqual(files.toSorted());
  });

  test('have about the same work', () => {
    const work = deal(2).map((part) => part.reduce((sum, file) => sum + secondsOf(file), 0));
    const heaviest = Math.max(...files.map(secondsOf));
    expect(work.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(heaviest);
    expect(Math.abs((work[0] ?? 0) - (work[1] ?? 0))).toBeLessThan(heaviest / 2);
  });
});

test('what has a weight is there', () => {
  const weights = readFileSync(join(top, 'test/tiers/weights.ts'), 'utf8');
  const paths = [...weights.matchAll(/'(test\/[^']+)'/g)].map(([, path]) => path ?? '');
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(top, path)))).toEqual([]);
});
