import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BestOf } from './best-of.ts';

type Row = { readonly groups: readonly string[]; readonly rank: number };

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const row = fc.record({ groups: fc.uniqueArray(fc.constantFrom('a', 'b')), rank: fc.nat({ max: 3 }) });
const steps = fc.array(fc.record({ key: fc.constantFrom('k1', 'k2', 'k3'), row: fc.option(row, { nil: undefined }) }));

/** The best of all rows, by a look at each. */
function scan(rows: ReadonlyMap<string, Row>, group: string, accept: (one: Row) => boolean): Row | undefined {
  const inGroup = [...rows].filter(([, one]) => one.groups.includes(group) && accept(one));
  return inGroup.toSorted(([a, x], [b, y]) => y.rank - x.rank || (a < b ? -1 : 1))[0]?.[1];
}

it('answers after each change what a look at all rows answers', () => {
  fc.assert(
    fc.property(steps, (changes) => {
      const index = new BestOf<Row>(
        ({ groups }) => groups,
        (a, b) => a.rank > b.rank,
      );
      const rows = new Map<string, Row>();
      for (const { key, row: next } of changes) {
        const old = rows.get(key);
        index.replace(key, { ...(old && { old }), ...(next && { row: next }) });
        if (next) rows.set(key, next);
        else rows.delete(key);
        for (const group of ['a', 'b']) {
          expect(index.best(group)).toBe(scan(rows, group, () => true));
          expect(index.best(group, ({ rank }) => rank < 2)).toBe(scan(rows, group, ({ rank }) => rank < 2));
        }
      }
    }),
    { seed },
  );
});
