import { createHash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Digest } from '../../kernel/digest.ts';
import { auditText, NOTHING_BEFORE } from '../../model/fleet/audit-chain.ts';
import type { HubTableName } from '../../model/fleet/hub-rows.ts';
import type { AppendVerdict, AuditEntry, FleetEvent, NewAuditEntry } from '../../model/fleet/hub-store.ts';
import { type Prepare, readAudit, readEvents, whereOf } from './hub-event-reader.ts';
import { HUB_TABLES } from './hub-migrations.ts';
import type { HubOps, HubRowText } from './hub-protocol.ts';

/** Behind every key that begins so: the last code point of all, which is in no key. */
const LAST = '\u{10ffff}';
const INSERT_EVENT = `
  insert into events (site, epoch, seq, type, at, sentence, machine, slot, boot, data, through, received_at, digest)
  values (@site, @epoch, @seq, @type, @at, @sentence, @machine, @slot, @boot, @data, @through, @receivedAt, @digest)
  on conflict (site, epoch, seq) do nothing`;

/** The steps of units of work on one connection. `beforeStatement` runs before each statement. */
export function createHubOps(db: Database, beforeStatement: () => void): HubOps {
  const prepare = preparing(db, beforeStatement);
  return {
    get: ({ table, key }) =>
      (prepare(`select row from ${sqlName(table)} where key = ?`).get(key) as { row: string } | undefined)?.row,
    put: ({ table, key, row }) => {
      prepare(`insert into ${sqlName(table)} values (?, ?) on conflict (key) do update set row = excluded.row`).run(
        key,
        row,
      );
    },
    delete: ({ table, key }) => {
      prepare(`delete from ${sqlName(table)} where key = ?`).run(key);
    },
    list: ({ table, prefix = '', after = '', limit = -1 }) =>
      prepare(`select key, row from ${sqlName(table)} where key >= ? and key < ? and key > ? order by key limit ?`).all(
        prefix,
        prefix + LAST,
        after,
        limit,
      ) as HubRowText[],
    next: (counter) =>
      (
        prepare(
          'insert into counters values (?, 1) on conflict (name) do update set value = value + 1 returning value',
        ).get(counter) as { value: number }
      ).value,
    appendEvents: (events) => events.map((event) => appendEvent(prepare, event)),
    events: (query) => readEvents(prepare, query),
    countEvents: (query) => {
      const { filter, values } = whereOf(query);
      const { count } = prepare(`select count(*) as count from events ${filter}`).get(...values) as { count: number };
      return count;
    },
    appendAudit: (entry) => appendAudit(prepare, entry),
    audit: (query) => readAudit(prepare, query),
    putBlob: ({ digest, bytes }) => {
      prepare('insert into blobs values (?, ?) on conflict (digest) do nothing').run(digest, bytes);
    },
    blob: (digest) =>
      (prepare('select bytes from blobs where digest = ?').get(digest) as { bytes: Uint8Array } | undefined)?.bytes,
    deleteBlob: (digest) => {
      prepare('delete from blobs where digest = ?').run(digest);
    },
  };
}

/** Each text is compiled once. */
function preparing(db: Database, beforeStatement: () => void): Prepare {
  const known = new Map<string, Statement>();
  return (sql) => {
    beforeStatement();
    const statement = known.get(sql) ?? db.prepare(sql);
    known.set(sql, statement);
    return statement;
  };
}

function sqlName(table: HubTableName): string {
  const name = Object.hasOwn(HUB_TABLES, table) ? HUB_TABLES[table] : undefined;
  if (!name) throw new TypeError(`there is no table ${table}`);
  return name;
}

function appendEvent(prepare: Prepare, event: FleetEvent): AppendVerdict {
  const { receivedAt, ...said } = event;
  const digest = sha256(canonicalJson(said));
  const none = { machine: null, slot: null, boot: null, data: null, through: null };
  const row = { ...none, ...said, at: Math.trunc(event.at), receivedAt: Math.trunc(receivedAt), digest };
  if (prepare(INSERT_EVENT).run(row).changes > 0) return 'added';
  const kept = prepare('select digest from events where site = ? and epoch = ? and seq = ?');
  const { digest: first } = kept.get(event.site, event.epoch, event.seq) as { digest: string };
  return first === digest ? 'duplicate' : 'conflict';
}

function appendAudit(prepare: Prepare, entry: NewAuditEntry): AuditEntry {
  const last = prepare('select id, digest from audit order by id desc limit 1').get() as
    | { id: number; digest: Digest }
    | undefined;
  const { at, who, action, subject } = entry;
  const detail = canonicalJson(entry.detail);
  // Read back, so that the text under the digest is the one that a later look makes from the row.
  const linked = {
    ...{ id: (last?.id ?? 0) + 1, at: Math.trunc(at), who, action, subject },
    ...{ detail: JSON.parse(detail) as Record<string, unknown>, before: last?.digest ?? NOTHING_BEFORE },
  };
  const digest = sha256(auditText(linked));
  prepare('insert into audit values (@id, @at, @who, @action, @subject, @detail, @before, @digest)').run({
    ...linked,
    detail,
    digest,
  });
  return { ...linked, digest };
}

function sha256(text: string): Digest {
  return createHash('sha256').update(text).digest('hex') as Digest;
}
