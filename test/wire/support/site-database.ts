import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Lease } from '../../../src/model/lease.ts';

/** Counts the rows of each table of a site's database, which may be in use. */
export function countRows(dataDir: string): Record<string, number> {
  return read(dataDir, (db) => {
    const tables = ['machines', 'bindings', 'boots', 'leases', 'counters', 'events'];
    return Object.fromEntries(
      tables.map((table) => [table, Number(db.prepare(`select count(*) from ${table}`).pluck().get())]),
    );
  });
}

/** All leases, as they are on disk. */
export function readLeases(dataDir: string): readonly Lease[] {
  return read(dataDir, (db) => {
    const rows = db.prepare<[], string>('select row from leases').pluck().all();
    return rows.map((row) => JSON.parse(row) as Lease);
  });
}

/** A counter, as it is on disk; 0 if it never counted. */
export function readCounter(dataDir: string, key: string): number {
  return read(dataDir, (db) => {
    const row = db.prepare<[string], string>('select row from counters where key = ?').pluck().get(key);
    return Number(row ?? 0);
  });
}

function read<T>(dataDir: string, ask: (db: Database.Database) => T): T {
  const db = new Database(join(dataDir, 'slipway.db'), { readonly: true });
  try {
    return ask(db);
  } finally {
    db.close();
  }
}
