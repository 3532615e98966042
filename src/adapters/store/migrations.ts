import type { Database } from 'better-sqlite3';

/**
 * The steps from an empty database to this one: the number of steps done is kept in `user_version`. A step is never
 * changed after a release; what changes comes as a further step.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table meta (key text primary key, value text not null) strict, without rowid;
  insert into meta values ('epoch', new_epoch());

  create table machines (key text primary key, row text not null) strict;
  create table bindings (key text primary key, row text not null) strict;
  create table boots (key text primary key, row text not null) strict;
  create table leases (key text primary key, row text not null) strict;
  create table counters (key text primary key, row text not null) strict;

  -- autoincrement: a number is not given again, also when all events were deleted
  create table events (
    seq integer primary key autoincrement,
    at integer not null,
    type text not null,
    machine text,
    slot text,
    boot text,
    body text not null
  ) strict;
  create index events_at on events (at);
  create index events_type on events (type);
  -- with type, so that a rare type is found among many events without reading them
  create index events_machine on events (machine, seq, type) where machine is not null;
  create index events_slot on events (slot, seq, type) where slot is not null;
  create index events_boot on events (boot, seq, type) where boot is not null;
  `,
  `
  create table orders (key text primary key, row text not null) strict;
  create table marks (key text primary key, row text not null) strict;
  `,
  `
  create table link (key text primary key, row text not null) strict;
  `,
  `
  create table surroundings (key text primary key, row text not null) strict;
  `,
];

/** The number of steps that a database has behind it. */
export function versionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/**
 * Does the steps that are still to do, each with its number in one transaction, so that a kill leaves a whole version.
 * `newEpoch` names a database that is made now.
 */
export function migrate(db: Database, newEpoch: () => string, steps: readonly string[] = MIGRATIONS): void {
  db.function('new_epoch', () => newEpoch());
  for (let version = versionOf(db); version < steps.length; version++) {
    db.transaction(() => {
      db.exec(steps[version] ?? '');
      db.pragma(`user_version = ${version + 1}`);
    }).immediate();
  }
}
