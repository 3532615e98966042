import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import { decodeError, encodeError, isWeather, storeError } from './store-errors.ts';

const sqlite = (code: string) => new Database.SqliteError('reason', code);

describe('errors of the store', () => {
  it.each([
    ['SQLITE_FULL', 'disk-full'],
    ['SQLITE_CORRUPT_INDEX', 'store-damaged'],
    ['SQLITE_NOTADB', 'store-damaged'],
    ['SQLITE_READONLY_DBMOVED', 'store-read-only'],
    ['SQLITE_CANTOPEN', 'store-read-only'],
    ['SQLITE_BUSY_SNAPSHOT', 'store-locked'],
    ['SQLITE_IOERR_FSYNC', 'disk-failed'],
    ['SQLITE_TOOBIG', 'internal'],
    ['ENOSPC', 'disk-full'],
    ['EROFS', 'store-read-only'],
  ])('%s is %s', (code, expected) => {
    const cause = sqlite(code);
    const error = storeError('a commit', cause);
    expect(error).toMatchObject({ code: expected, message: 'a commit: reason', cause });
    expect(isWeather(cause)).toBe(expected !== 'internal');
  });

  it('cross between threads with their cause', () => {
    const decoded = decodeError(structuredClone(encodeError(storeError('a commit', sqlite('SQLITE_FULL')))));
    expect(decoded).toBeInstanceOf(AppError);
    expect(decoded.code).toBe('disk-full');
    expect((decoded.cause as Error).message).toContain('reason');
  });

  it('are a bug of ours when nobody knows them', () => {
    expect(storeError('x', 'thrown text')).toMatchObject({ code: 'internal', message: 'x: thrown text' });
    expect(isWeather(undefined)).toBe(false);
  });
});
