import type { CommitText, EventText, PackedCommits, RowText } from './protocol.ts';

/** A group for its way to the worker. */
export function packCommits(group: readonly CommitText[]): PackedCommits {
  const list: (string | number | null)[] = [];
  for (const { rows, events } of group) {
    list.push(rows.length, events.length);
    for (const { table, key, row } of rows) list.push(table, key, row);
    for (const { at, type, machine, slot, boot, body } of events) list.push(at, type, machine, slot, boot, body);
  }
  return list;
}

/** What `packCommits` packed. */
export function unpackCommits(list: PackedCommits): readonly CommitText[] {
  const group: CommitText[] = [];
  let at = 0;
  // Only what stands at these places was put there; each field is read at the type it was written with.
  const next = <T extends string | number | null>(): T => list[at++] as T;
  while (at < list.length) {
    const [rowCount, eventCount] = [next<number>(), next<number>()];
    const rows = Array.from({ length: rowCount }, (): RowText => ({ table: next(), key: next(), row: next() }));
    const events = Array.from(
      { length: eventCount },
      (): EventText => ({ at: next(), type: next(), machine: next(), slot: next(), boot: next(), body: next() }),
    );
    group.push({ rows, events });
  }
  return group;
}
