import { expect, it } from 'vitest';
import type { Event } from '../../../model/event.ts';
import type { Outbox } from '../../../model/outbox.ts';
import { type Batch, makeBatch } from './outbox-batch.ts';

const ALL = { maxBatchItems: 100, maxBatchBytes: 1e6 };

function event(seq: number, more: Partial<Event> = {}): Event {
  return { epoch: 'db', seq, version: 1, type: 'boot-opened', at: seq + 0.5, sentence: `event ${seq}`, ...more };
}
function outbox(ackedThrough: number, ...firsts: readonly number[]): Outbox {
  const epochs = [1, ...firsts].map((first) => ({ epoch: `e${first}`, first }));
  return { epochs, ackedThrough, ratchet: '', hubEpoch: 'h' };
}
/** `n` is an event, `a-b` a gap, `a-b none` one without events. */
function short(batch: Batch | undefined): readonly unknown[] {
  const items = batch?.items.map(({ seq, gap }) =>
    gap ? `${seq}-${gap.through}${gap.count ? '' : ' none'}` : Number(seq),
  );
  return [batch?.epoch, ...(items ?? []), batch?.through];
}

it('has the next events of one numbering', () => {
  expect(short(makeBatch(outbox(0), [event(1), event(2)], 2, ALL))).toEqual(['e1', 1, 2, 2]);
  expect(makeBatch(outbox(2), [], 2, ALL)).toBeUndefined();
  expect(
    short(
      makeBatch(
        outbox(1, 4),
        [2, 3, 4, 5].map((n) => event(n)),
        5,
        ALL,
      ),
    ),
  ).toEqual(['e1', 2, 3, 3]);
  expect(short(makeBatch(outbox(3, 4), [event(4), event(5)], 5, ALL))).toEqual(['e4', '1-3 none', 4, 5, 5]);
  expect(short(makeBatch(outbox(4, 4), [event(5)], 5, ALL))).toEqual(['e4', 5, 5]);
});

it('says what was dropped: before, between and behind', () => {
  expect(short(makeBatch(outbox(0), [event(4), event(6)], 9, ALL))).toEqual(['e1', '1-3', 4, '5-5', 6, '7-9', 9]);
  expect(short(makeBatch(outbox(0), [], 9, ALL))).toEqual(['e1', '1-9', 9]);
  expect(short(makeBatch(outbox(1, 4), [event(6)], 6, ALL))).toEqual(['e1', '2-3', 3]);
});

it('is bounded by count and by bytes, and has one event at least', () => {
  const events = [1, 2, 3, 4].map((n) => event(n, { sentence: 'x'.repeat(1_000) }));
  expect(short(makeBatch(outbox(0), events, 4, { ...ALL, maxBatchItems: 3 }))).toEqual(['e1', 1, 2, 3, 3]);
  expect(short(makeBatch(outbox(0), events, 4, { ...ALL, maxBatchBytes: 7_000 }))).toEqual(['e1', 1, 2, 2]);
  expect(short(makeBatch(outbox(0), events, 4, { maxBatchItems: 1, maxBatchBytes: 1 }))).toEqual(['e1', 1, 1]);
  expect(short(makeBatch(outbox(0), [event(3), event(4)], 4, { maxBatchItems: 1, maxBatchBytes: 1 }))).toEqual([
    'e1',
    '1-2',
    3,
    3,
  ]);
});

it('cuts an event that is too large, and says that it did', () => {
  const [item] =
    makeBatch(outbox(0), [event(1, { sentence: 'y'.repeat(9_000), data: { z: 'z'.repeat(40_000) } })], 1, ALL)?.items ??
    [];
  expect(item?.event?.sentence).toMatch(/^y{4096} … \(4904 more characters\)$/);
  expect(item?.event?.data).toBe('{"chars":40008,"cut":true}');
  expect(item?.event?.atMs).toBe(1n);
});
