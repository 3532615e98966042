import type { ReadItem } from './read-item.ts';

export type LinedUp = {
  /** They have numbers that are acknowledged already: the very same again, or a sign that the site was restored. */
  readonly repeated: readonly ReadItem[];
  /** They go on where the acknowledged ones end, each behind the other. */
  readonly fresh: readonly ReadItem[];
  /** What is acknowledged once the fresh ones are written. */
  readonly through: number;
};

/**
 * Sorts the items of a report by what is `through` already. Behind a hole nothing is taken: it would be acknowledged out of its order.
 * Of a gap only that part counts that is behind what is here.
 */
export function lineUp(items: readonly ReadItem[], through: number): LinedUp {
  const repeated: ReadItem[] = [];
  const fresh: ReadItem[] = [];
  let end = through;
  for (const item of items) {
    if (item.seq > end + 1) break;
    if (item.through > end) {
      fresh.push(item.seq > end ? item : { ...item, seq: end + 1 });
      end = item.through;
    } else if (item.through <= through) repeated.push(item);
  }
  return { repeated, fresh, through: end };
}
