import type { Statement } from 'better-sqlite3';
import type { AuditEntry, AuditQuery, FleetEventQuery, KeptFleetEvent } from '../../model/fleet/hub-store.ts';

/** A statement of this text, made once. */
export type Prepare = (sql: string) => Statement;

const EVENT_COLUMNS =
  'id, site, epoch, seq, type, at, sentence, machine, slot, boot, data, through, received_at as receivedAt';

export function readEvents(prepare: Prepare, query: FleetEventQuery): readonly KeptFleetEvent[] {
  const { filter, values } = whereOf(query);
  const order = query.newestFirst ? 'desc' : 'asc';
  const rows = prepare(`select ${EVENT_COLUMNS} from events ${filter} order by id ${order} limit ?`);
  return rows.all(...values, query.limit).map((row) => withoutNulls(row as KeptFleetEvent));
}

/** The condition of a query, with the values of its places. */
export function whereOf(query: Partial<FleetEventQuery>): { filter: string; values: readonly (string | number)[] } {
  const { site, slot, types, afterId, beforeId } = query;
  const conditions: readonly (readonly [string, readonly (string | number)[] | undefined])[] = [
    ['slot = ?', slot === undefined ? undefined : [slot]],
    ['site = ?', site === undefined ? undefined : [site]],
    [`type in (${(types ?? []).map(() => '?').join(', ')})`, types],
    ['id > ?', afterId === undefined ? undefined : [afterId]],
    ['id < ?', beforeId === undefined ? undefined : [beforeId]],
  ];
  const given = conditions.filter(([, values]) => values !== undefined);
  return {
    filter: given.length > 0 ? `where ${given.map(([condition]) => condition).join(' and ')}` : '',
    values: given.flatMap(([, values]) => values ?? []),
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
