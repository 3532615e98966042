/** What happened to one row: `old` went, `row` came; either may be missing. */
export type Replacement<Row> = { readonly old?: Row; readonly row?: Row };

/**
 * An index over rows that belong to groups: answers the best row of a group. `better` may leave a tie; then the row
 * with the lower key wins, so that the answer never depends on the order in which the rows came.
 */
export class BestOf<Row> {
  readonly #groupsOf: (row: Row) => readonly string[];
  readonly #better: (a: Row, b: Row) => boolean;
  readonly #groups = new Map<string, Group<Row>>();

  constructor(groupsOf: (row: Row) => readonly string[], better: (a: Row, b: Row) => boolean) {
    this.#groupsOf = groupsOf;
    this.#better = better;
  }

  /** The best row of a group; with `accept`, the best of those that it accepts. */
  best(group: string, accept?: (row: Row) => boolean): Row | undefined {
    const found = this.#groups.get(group);
    if (!found) return undefined;
    if (!accept || accept(found.best.row)) return found.best.row;
    return found.rows && this.#bestOf(found.rows, accept)?.row;
  }

  replace(key: string, step: Replacement<Row>): void {
    if (step.old !== undefined) for (const group of this.#groupsOf(step.old)) this.#remove(group, key);
    if (step.row !== undefined) for (const group of this.#groupsOf(step.row)) this.#add(group, { key, row: step.row });
  }

  #add(name: string, entry: Entry<Row>): void {
    const group = this.#groups.get(name);
    if (!group) {
      this.#groups.set(name, { best: entry, rows: undefined });
      return;
    }
    group.rows ??= new Map([[group.best.key, group.best.row]]);
    group.rows.set(entry.key, entry.row);
    if (this.#wins(entry, group.best)) group.best = entry;
  }

  #remove(name: string, key: string): void {
    const group = this.#groups.get(name);
    if (!group) return;
    group.rows?.delete(key);
    if (group.best.key !== key) return;
    const best = group.rows && this.#bestOf(group.rows);
    if (best) group.best = best;
    else this.#groups.delete(name);
  }

  #bestOf(rows: ReadonlyMap<string, Row>, accept: (row: Row) => boolean = () => true): Entry<Row> | undefined {
    let best: Entry<Row> | undefined;
    for (const [key, row] of rows) {
      if (accept(row) && (!best || this.#wins({ key, row }, best))) best = { key, row };
    }
    return best;
  }

  #wins(a: Entry<Row>, b: Entry<Row>): boolean {
    if (this.#better(a.row, b.row)) return true;
    return !this.#better(b.row, a.row) && a.key < b.key;
  }
}

type Entry<Row> = { readonly key: string; readonly row: Row };
/** Nearly every group is of one row for all its life, and there are two for each lease: `rows` is there from the second on. */
type Group<Row> = { best: Entry<Row>; rows: Map<string, Row> | undefined };
