import { expect, it } from 'vitest';
import type { Digest } from '../kernel/digest.ts';
import { ALARM_TYPES } from '../model/alarm.ts';
import type { NewEvent } from '../model/event.ts';
import { createLogRecorder, ManualClock } from './content/testing/fixtures.ts';
import { createTeller } from './open-content.ts';

it('writes news of files down: what clients can repeat once in an hour, the rest always', () => {
  const clock = new ManualClock();
  const events: NewEvent[] = [];
  const commit = async (_: unknown, added: readonly NewEvent[] = []) => void events.push(...added);
  const tell = createTeller({ store: { commit }, clock, log: createLogRecorder() });
  const digest = 'ab'.repeat(32) as Digest;
  const full = { kind: 'no-room', digest, name: 'pos/app@sha256:abab', because: '3 MiB are free' } as const;
  const wrong = { kind: 'wrong-bytes', digest, name: 'kernel', source: 'https://a.test' } as const;
  for (let time = 0; time < 2; time++) {
    tell(full);
    tell({ ...full, name: 'other' });
    tell(wrong);
    tell({ kind: 'damaged', digest, because: 'its file is gone' });
    tell({ kind: 'healed', digest });
  }
  tell({ kind: 'room-again' });
  tell(full);
  clock.advance(3_600_000);
  tell(wrong);
  expect(events.map(({ type }) => type)).toEqual([
    ...['disk-short', 'source-wrong', 'file-damaged', 'file-healed', 'file-damaged', 'file-healed'],
    ...['disk-has-room', 'disk-short', 'source-wrong'],
  ]);
  expect(events[0]?.sentence).toMatch(/^There is no room for pos\/app@sha256:abab: clients get it from its source/);
  expect(ALARM_TYPES).toEqual(expect.arrayContaining(['disk-short', 'file-damaged']));
});
