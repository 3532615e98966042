import { expect, test } from 'vitest';
import { limitLog } from './limited-log.ts';
import type { LogFields } from './ports.ts';

test('writes so many lines of a level in a minute, and says later how many it left out', () => {
  const lines: [string, LogFields, string][] = [];
  const line = (level: string) => (fields: LogFields, message: string) => void lines.push([level, fields, message]);
  let now = 5;
  const all = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const log = limitLog(all, { monotonic: () => now }, 2);
  for (const message of ['a', 'b', 'c', 'd', 'e']) log.info({ remote: 'x' }, message);
  log.error({}, 'another level has lines of its own');
  now += 60_000;
  log.info({ remote: 'x' }, 'f');
  log.info({ remote: 'x' }, 'g');
  now += 60_000;
  log.info({}, 'nothing was left out before this one');
  expect(lines).toEqual([
    ['info', { remote: 'x' }, 'a'],
    ['info', { remote: 'x' }, 'b'],
    ['error', {}, 'another level has lines of its own'],
    ['info', { remote: 'x', leftOutBefore: 3 }, 'f'],
    ['info', { remote: 'x' }, 'g'],
    ['info', {}, 'nothing was left out before this one'],
  ]);
});
