import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS, migrate, versionOf } from './migrations.ts';

const schemaOf = (db: Database.Database) =>
  db.prepare('select type, name, sql from sqlite_schema order by type, name').all();
const epochOf = (db: Database.Database) => db.prepare("select value from meta where key = 'epoch'").pluck().get();

describe('migrations', () => {
  it.each(MIGRATIONS.map((_, version) => version))('lead from version %i to the newest', (version) => {
    const fresh = new Database(':memory:');
    migrate(fresh, () => 'e1');
    const old = new Database(':memory:');
    migrate(old, () => 'e1', MIGRATIONS.slice(0, version));
    expect(versionOf(old)).toBe(version);
    migrate(old, () => 'e2');
    expect(versionOf(old)).toBe(MIGRATIONS.length);
    expect(schemaOf(old)).toEqual(schemaOf(fresh));
    expect(epochOf(old)).toBe(version === 0 ? 'e2' : 'e1');
  });

  it('leave a current database as it is', () => {
    const db = new Database(':memory:');
    migrate(db, () => 'e1');
    const changes = db.prepare('select total_changes()').pluck();
    const before = changes.get();
    migrate(db, () => 'e2');
    expect(changes.get()).toBe(before);
    expect(epochOf(db)).toBe('e1');
  });

  it('stop at a step that fails, with the steps before it done', () => {
    const db = new Database(':memory:');
    const steps = ['create table a (x)', 'create table b (x); create table a (x)'];
    expect(() => migrate(db, () => '', steps)).toThrow();
    expect(versionOf(db)).toBe(1);
    expect(db.prepare('select name from sqlite_schema').pluck().all()).toEqual(['a']);
  });
});
