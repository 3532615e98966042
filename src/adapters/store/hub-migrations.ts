import type { HubTableName } from '../../model/fleet/hub-rows.ts';
import type { DatabaseKind } from './open-database.ts';

/** What the table of each noun is called in SQL, where names have no capitals. */
export const HUB_TABLES: Readonly<Record<HubTableName, string>> = {
  sites: 'sites',
  sessions: 'sessions',
  invites: 'invites',
  certificates: 'certificates',
  cursors: 'cursors',
  deadLetters: 'dead_letters',
  states: 'states',
  pushes: 'pushes',
  revisions: 'revisions',
  publications: 'publications',
  publicationSites: 'publication_sites',
  desired: 'desired',
  tokens: 'tokens',
  alarms: 'alarms',
  meta: 'meta',
};

const rows = (tables: readonly string[]): string =>
  tables
    .map((table) => `create table ${table} (key text primary key, row text not null) strict, without rowid;`)
    .join('\n');

/** The steps from an empty database to head office's. A step is never changed after a release; what changes comes as a further step. */
const MIGRATIONS: readonly string[] = [
  `
  create table store (key text primary key, value text not null) strict, without rowid;
  insert into store values ('epoch', new_epoch());

  ${rows(Object.values(HUB_TABLES))}

  create table counters (name text primary key, value integer not null) strict, without rowid;

  -- autoincrement: a number is not given again, so that whoever follows by it misses nothing
  create table events (
    id integer primary key autoincrement,
    site text not null,
    epoch text not null,
    seq integer not null,
    type text not null,
    at integer not null,
    sentence text not null,
    machine text,
    slot text,
    boot text,
    data text,
    through integer,
    received_at integer not null,
    -- of all that the site said: tells the very same event from another one with its number
    digest text not null,
    unique (site, epoch, seq)
  ) strict;
  -- with the time at the end, so that what is counted is read from the index alone
  create index events_site on events (site, id, type, received_at);
  create index events_slot on events (slot, site, id, type) where slot is not null;
  create index events_type on events (type, id, received_at);

  create table audit (
    id integer primary key autoincrement,
    at integer not null,
    who text not null,
    action text not null,
    subject text not null,
    detail text not null,
    before text not null,
    digest text not null unique
  ) strict;

  create table blobs (digest text primary key, bytes blob not null) strict;

  -- what a backup carries beside the rows; empty in a database that runs
  create table files (name text primary key, bytes blob not null) strict;
  `,
];

/** `SLHB` */
export const HUB_DATABASE: DatabaseKind = { applicationId: 0x534c4842, migrations: MIGRATIONS };
