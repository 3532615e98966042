import type { Statement } from 'better-sqlite3';
import type { AuditEntry, AuditQuery, FleetEventQuery, KeptFleetEvent } from '../../model/fleet/hub-store.ts';

/** A statement of this text, made once. */
export type Prepare = (sql: string) => Statement;

const EVENT_COLUMNS =
  'id, site, epoch, seq, type, at, sentence, machine, slot, boot, data, through, received_at as receivedAt';

/** A page of events by `query`, found through one index in the order of its answer. */
export function readEvents(prepare: Prepare, query: FleetEventQuery): readonly KeptFleetEvent[] {
  const { site, slot, types, offset = 0, limit } = query;
  if (site !== undefined || slot !== undefined || !types) return select(prepare, query);
  // The rows of several types have no common order in an index: a page of each, then the best of all.
  const direction = query.newestFirst ? -1 : 1;
  return types
    .flatMap((type) => select(prepare, { ...query, types: [type], offset: 0, limit: offset + limit }))
    .sort((a, b) => direction * (a.id - b.id))
    .slice(offset, offset + limit);
}

function select(prepare: Prepare, query: FleetEventQuery): readonly KeptFleetEvent[] {
  const { filter, values } = whereOf(query);
  const order = query.newestFirst ? 'desc' : 'asc';
  const rows = prepare(`select ${EVENT_COLUMNS} from events ${filter} order by id ${order} limit ? offset ?`);
  return rows.all(...values, query.limit, query.offset ?? 0).map((row) => withoutNulls(row as KeptFleetEvent));
}

/** The condition of a query, with the values of its places. */
export function whereOf(query: Partial<FleetEventQuery>): { filter: string; values: readonly (string | number)[] } {
  const { site, slot, types, receivedFrom, receivedBefore, afterId, beforeId } = query;
  // A plus sign keeps SQLite from leading with the index of the types where another one is shorter.
  const type = site === undefined && slot === undefined ? 'type' : '+type';
  const conditions: readonly (readonly [string, readonly (string | number | undefined)[]])[] = [
    ['slot = ?', [slot]],
    ['site = ?', [site]],
    [`${type} in (${(types ?? []).map(() => '?').join(', ')})`, types ?? [undefined]],
    ['received_at >= ?', [receivedFrom]],
    ['received_at < ?', [receivedBefore]],
    ['id > ?', [afterId]],
    ['id < ?', [beforeId]],
  ];
  const given = conditions.filter(([, values]) => !values.includes(undefined));
  return {
    filter: given.length > 0 ? `where ${given.map(([condition]) => condition).join(' and ')}` : '',
    values: given.flatMap(([, values]) => values.filter((value) => value !== undefined)),
  };
}

export function readAudit(prepare: Prepare, query: AuditQuery): readonly AuditEntry[] {
  const order = query.newestFirst ? 'desc' : 'asc';
  const rows = prepare(`select * from audit where id > ? order by id ${order} limit ?`);
  return rows.all(query.afterId ?? 0, query.limit).map((row) => {
    const entry = row as Omit<AuditEntry, 'detail'> & { detail: string };
    return { ...entry, detail: JSON.parse(entry.detail) as AuditEntry['detail'] };
  });
}

function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T;
}
