import { describe, expect, it } from 'vitest';
import type { Outbox } from '../../../model/outbox.ts';
import { answered, greeted } from './outbox-answer.ts';

const base: Outbox = { epochs: [{ epoch: 'e1', first: 1 }], ackedThrough: 50, ratchet: 'r1', hubEpoch: 'h1' };
const two: Outbox = { ...base, epochs: [...base.epochs, { epoch: 'e2', first: 40 }] };

describe('a Hello', () => {
  const hello = (outbox: Outbox, nextSeq: number, ackedThrough: number, hubEpoch = 'h1') =>
    greeted(outbox, nextSeq, { hubEpoch, ackedThrough: BigInt(ackedThrough), ratchet: 'r2' }, 'new');

  it.each<[string, Outbox, number, number, string, number]>([
    ['that says the same changes nothing', base, 61, 50, 'h1', 50],
    ['that says less is believed', base, 61, 20, 'h1', 20],
    ['that says more is not: it comes again, and shows what it is', base, 61, 55, 'h1', 50],
    ['that knows nothing of a later numbering may know less of the one before it, too', two, 61, 0, 'h1', 0],
    ['that has less of a later numbering than it had may have less of the one before it', two, 61, 45, 'h1', 0],
    ['that has all of a later numbering leaves it at that', two, 61, 50, 'h1', 50],
    ['of another memory is asked for each numbering anew', two, 61, 55, 'h2', 0],
    ['of another memory says how much it has of the only one', base, 61, 20, 'h2', 20],
    ['about a later numbering leaves one before it alone', { ...two, ackedThrough: 20 }, 61, 0, 'h1', 20],
  ])('%s', (_, outbox, nextSeq, has, hubEpoch, expected) => {
    const after = hello(outbox, nextSeq, has, hubEpoch);
    expect(after.outbox).toMatchObject({ ackedThrough: expected, ratchet: 'r2', hubEpoch, epochs: outbox.epochs });
    expect(after.because).toBeUndefined();
  });

  it('that knows a number which is yet to come begins a numbering there', () => {
    const { outbox, because } = hello(base, 56, 60);
    expect(outbox.epochs).toEqual([
      { epoch: 'e1', first: 1 },
      { epoch: 'new', first: 56 },
    ]);
    expect(outbox.ackedThrough).toBe(50);
    expect(because).toContain('restored');
  });
});

describe('a report', () => {
  const batch = { epoch: 'e1', items: [], through: 60 };
  const report = (ackedThrough: number, conflict?: number, outbox = base, epoch = 'e1') =>
    answered(
      outbox,
      batch,
      {
        epoch,
        ackedThrough: BigInt(ackedThrough),
        conflict: conflict === undefined ? undefined : { epoch, seq: BigInt(conflict) },
      },
      9,
      (seq) => `by ${seq}`,
    );

  it('moves on as far as it was sent, and no further', () => {
    expect(report(55)?.outbox).toMatchObject({ ackedThrough: 55, ackedAt: 9 });
    expect(report(90)?.outbox.ackedThrough).toBe(60);
  });

  it('goes back where head office has less', () => {
    expect(report(10)?.outbox.ackedThrough).toBe(10);
  });

  it('that meets other events begins a numbering where the first of them is', () => {
    const after = report(90, 53);
    expect(after?.outbox).toMatchObject({
      ackedThrough: 52,
      epochs: [
        { epoch: 'e1', first: 1 },
        { epoch: 'by 53', first: 53 },
      ],
    });
  });

  it('replaces a numbering that was to begin later', () => {
    const later = { ...base, epochs: [...base.epochs, { epoch: 'e2', first: 58 }] };
    expect(report(90, 53, later)?.outbox.epochs.map(({ epoch }) => epoch)).toEqual(['e1', 'by 53']);
  });

  it('with an answer that does not fit it is none', () => {
    expect([report(55, undefined, base, 'e9'), report(90, 50), report(90, 61)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
