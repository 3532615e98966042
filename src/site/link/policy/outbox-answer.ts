import { epochOf, type Outbox } from '../../../model/outbox.ts';
import type { HelloResponse, ReportResponse } from '../../../wire/link/gen/link.ts';
import type { Batch } from './outbox-batch.ts';

/** What is known afterwards. `because`: a new numbering began, and why. */
export type Answered = { readonly outbox: Outbox; readonly because?: string };

const RESTORED = 'head office knows other events of these numbers: this database was restored from an older copy';

/**
 * After a Hello that named the last numbering and `nextSeq`. What head office has less than it had comes again. That it has more is not
 * believed: it may be the events of a database that was lost; they come again, and each shows to be the very same or another.
 */
export function greeted(
  outbox: Outbox,
  nextSeq: number,
  { hubEpoch, ackedThrough, ratchet }: Pick<HelloResponse, 'hubEpoch' | 'ackedThrough'> & { readonly ratchet: string },
  newEpoch: string,
): Answered {
  const here = { ...outbox, hubEpoch, ratchet };
  const has = Number(ackedThrough);
  const first = outbox.epochs.at(-1)?.first ?? 1;
  const isOtherMemory = outbox.hubEpoch !== '' && outbox.hubEpoch !== hubEpoch;
  // Its files were put back from a copy, under the same name.
  const hasLost = outbox.ackedThrough >= first && has < outbox.ackedThrough;
  // It said how much it has of one numbering; of the others it may have less than before, too.
  if ((isOtherMemory || hasLost) && outbox.epochs.length > 1) return { outbox: { ...here, ackedThrough: 0 } };
  const back = goBack(here, first, has);
  return nextSeq <= has ? beginEpoch(back, nextSeq, newEpoch) : { outbox: back };
}

/**
 * After a report. `newEpoch` names the numbering that begins with a number, by the event that has it: a database that is restored a
 * second time comes to the very same name, and its events are not counted again. Undefined: the answer does not fit the report.
 */
export function answered(
  outbox: Outbox,
  batch: Batch,
  { epoch, ackedThrough, conflict }: Pick<ReportResponse, 'epoch' | 'ackedThrough' | 'conflict'>,
  now: number,
  newEpoch: (seq: number) => string,
): Answered | undefined {
  if (epoch !== batch.epoch) return undefined;
  if (conflict) {
    const seq = Number(conflict.seq);
    if (conflict.epoch !== epoch || seq <= outbox.ackedThrough || seq > batch.through) return undefined;
    return beginEpoch({ ...outbox, ackedThrough: seq - 1, ackedAt: now }, seq, newEpoch(seq));
  }
  const through = Math.min(Number(ackedThrough), batch.through);
  if (through > outbox.ackedThrough) return { outbox: { ...outbox, ackedThrough: through, ackedAt: now } };
  const first = epochOf(outbox.epochs, outbox.ackedThrough + 1)?.first ?? 1;
  return { outbox: goBack(outbox, first, through) };
}

/** Never forward, and not out of the numbering that `has` is about. */
function goBack(outbox: Outbox, first: number, has: number): Outbox {
  if (outbox.ackedThrough < first) return outbox;
  return { ...outbox, ackedThrough: Math.max(first - 1, Math.min(outbox.ackedThrough, has)) };
}

/** Numberings that were to begin later never began. */
function beginEpoch(outbox: Outbox, first: number, epoch: string): Answered {
  const epochs = [...outbox.epochs.filter((one) => one.first < first), { epoch, first }];
  return { outbox: { ...outbox, epochs }, because: RESTORED };
}
