import { expect, it } from 'vitest';
import { type Asked, playFaults } from './faults.ts';
import { Ledger, type Seen } from './ledger.ts';

const asked = (more: Partial<Asked> = {}): Asked => ({
  what: 'blob',
  method: 'GET',
  url: '/v2/a/blobs/sha256:1',
  ranged: false,
  ...more,
});

it('harms the requests that a line means, and only so many', () => {
  const play = playFaults([{ what: 'blob', in: 'sha256:1', after: 1, times: 2, does: { status: 503 } }]);
  const statuses = Array.from({ length: 5 }, () => play(asked()).status);
  expect(statuses).toEqual([undefined, 503, 503, undefined, undefined]);
  const other = playFaults([{ method: 'HEAD', ranged: true, does: { status: 405 } }]);
  expect(other(asked())).toEqual({});
  expect(other(asked({ method: 'HEAD' }))).toEqual({});
  expect(other(asked({ method: 'HEAD', ranged: true }))).toEqual({ status: 405 });
});

it('adds up what several lines do', () => {
  const play = playFaults([{ does: { delayMs: 1, resetAt: 5 } }, { what: 'blob', does: { resetAt: 9 } }]);
  expect(play(asked())).toEqual({ delayMs: 1, resetAt: 9 });
  expect(play(asked({ what: 'ping' }))).toEqual({ delayMs: 1, resetAt: 5 });
});

it('counts what was asked, and how much of it at once', () => {
  const ledger = new Ledger();
  const begin = (url: string, headers: Seen['headers'] = {}) => {
    const seen: Seen = { what: 'blob', method: 'GET', url, headers, status: 200, bytesSent: 10, isOver: false };
    ledger.begin(seen);
    return seen;
  };
  const first = begin('/a', { authorization: 'x' });
  begin('/b');
  ledger.end(first);
  ledger.end(first);
  begin('/a');
  expect(ledger.count()).toEqual({ requests: 3, bytesSent: 30, withCredentials: 1, mostAtOnce: 2 });
  expect(ledger.count({ in: '/a' })).toMatchObject({ requests: 2, mostAtOnce: 1 });
  expect(ledger.count({ what: 'token' }).requests).toBe(0);
  ledger.clear();
  expect(ledger.seen()).toEqual([]);
});
