import type { Database } from 'better-sqlite3';
import type { EventPage, StoredEvent } from './protocol.ts';

/** Columns that have an index, the most telling first; one of them leads a query. */
const INDEXED = ['boot', 'machine', 'slot'] as const;

/** A page of events by `query`, at most `query.limit` of them, each found through one index in the order of its answer. */
export function readEvents(db: Database, query: EventPage): readonly StoredEvent[] {
  const leads = INDEXED.some((column) => query[column] !== undefined);
  const { types } = query;
  if (leads || !types) return select(db, query, types ?? [], !leads);
  // The rows of several types have no common order in an index: a page of each, then the best of all.
  const pages = types.map((type) => select(db, query, [type], true));
  const newestFirst = query.newestFirst ? -1 : 1;
  return pages
    .flat()
    .sort((a, b) => newestFirst * (a.seq - b.seq))
    .slice(0, query.limit);
}

function select(db: Database, query: EventPage, types: readonly string[], byType: boolean): readonly StoredEvent[] {
  const where: string[] = [];
  const values: (string | number)[] = [];
  const add = (condition: string, ...given: (string | number)[]) => {
    where.push(condition);
    values.push(...given);
  };
  const [lead, ...others] = INDEXED.filter((column) => query[column] !== undefined);
  if (lead) add(`${lead} = ?`, query[lead] ?? '');
  // A plus sign keeps SQLite from leading with that column's index.
  for (const column of others) add(`+${column} = ?`, query[column] ?? '');
  if (query.types) add(`${byType ? '' : '+'}type in (${types.map(() => '?').join(', ')})`, ...types);
  if (query.afterSeq !== undefined) add('seq > ?', query.afterSeq);
  if (query.beforeSeq !== undefined) add('seq < ?', query.beforeSeq);
  const filter = where.length > 0 ? `where ${where.join(' and ')}` : '';
  const order = query.newestFirst ? 'desc' : 'asc';
  return db
    .prepare<(string | number)[], StoredEvent>(`select seq, body from events ${filter} order by seq ${order} limit ?`)
    .all(...values, query.limit);
}
