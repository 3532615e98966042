import { canonicalJson } from '../../../kernel/canonical-json.ts';
import type { Event } from '../../../model/event.ts';
import { epochOf, type Outbox } from '../../../model/outbox.ts';
import type { Limits, Item as WireItem } from '../../../wire/link/gen/link.ts';

/** What one report carries, all of one numbering. */
export type Batch = { readonly epoch: string; readonly items: WireItem[]; readonly through: number };
export type BatchLimits = Pick<Limits, 'maxBatchItems' | 'maxBatchBytes'>;

/** Of one event, whatever head office allows: what is cut once is cut the same way each time, or it would be another event. */
const MAX_DATA_CHARS = 32 * 1024;
const MAX_SENTENCE_CHARS = 4 * 1024;
const MAX_NAME_CHARS = 100;
/** What an item costs beside its texts. */
const ITEM_BYTES = 100;
const SCHEMA = 1;
const DROPPED = 'dropped at the site before head office had them: too old, or too many';
const BEGINS_HERE = 'the numbering begins behind this';

/**
 * The next report, or undefined if there is nothing to say. `events` are the next ones behind what is acknowledged, in their order,
 * all that there are up to the number `last`: what is missing was dropped.
 */
export function makeBatch(
  outbox: Outbox,
  events: readonly Event[],
  last: number,
  limits: BatchLimits,
): Batch | undefined {
  const from = outbox.ackedThrough + 1;
  const numbering = epochOf(outbox.epochs, from);
  if (from > last || !numbering) return undefined;
  const next = outbox.epochs.find(({ first }) => first > from)?.first ?? Number.POSITIVE_INFINITY;
  const batch = new BatchBuilder(numbering.epoch, from, limits);
  // Head office counts each numbering from 1 on.
  if (from === numbering.first && from > 1) batch.addGap(1, from - 1, 0, BEGINS_HERE);
  for (const event of events) {
    if (event.seq >= next || !batch.addEvent(event)) return batch.upTo(Math.min(event.seq, next) - 1);
  }
  return batch.upTo(Math.min(last, next - 1));
}

class BatchBuilder {
  readonly #epoch: string;
  readonly #limits: BatchLimits;
  readonly #items: WireItem[] = [];
  #next: number;
  #bytes = 0;

  constructor(epoch: string, from: number, limits: BatchLimits) {
    this.#epoch = epoch;
    this.#next = from;
    this.#limits = limits;
  }

  addGap(seq: number, through: number, count: number, reason: string): void {
    const gap = { through: BigInt(through), count: BigInt(count), reason };
    this.#items.push({ epoch: this.#epoch, seq: BigInt(seq), gap });
    this.#bytes += ITEM_BYTES;
  }

  /** False: it does not fit any more. */
  addEvent(event: Event): boolean {
    const item = { epoch: this.#epoch, seq: BigInt(event.seq), event: encodeEvent(event) };
    const bytes = ITEM_BYTES + 3 * (item.event.sentence.length + item.event.data.length);
    const isFull = this.#items.length >= this.#limits.maxBatchItems || this.#bytes + bytes > this.#limits.maxBatchBytes;
    // Too small a limit must not keep the first one back for ever.
    if (isFull && this.#items.some((one) => one.event)) return false;
    this.upTo(event.seq - 1);
    this.#items.push(item);
    this.#bytes += bytes;
    this.#next = event.seq + 1;
    return true;
  }

  /** The batch, which says of all up to `through` what became of it. */
  upTo(through: number): Batch {
    if (through >= this.#next) {
      this.addGap(this.#next, through, through - this.#next + 1, DROPPED);
      this.#next = through + 1;
    }
    return { epoch: this.#epoch, items: this.#items, through: this.#next - 1 };
  }
}

function encodeEvent(event: Event): NonNullable<WireItem['event']> {
  const data = event.data === undefined ? '' : canonicalJson(event.data);
  return {
    type: event.type,
    atMs: BigInt(Math.trunc(event.at)),
    sentence: cut(event.sentence, MAX_SENTENCE_CHARS),
    machine: cut(event.machine ?? '', MAX_NAME_CHARS),
    slot: cut(event.slot ?? '', MAX_NAME_CHARS),
    boot: cut(event.boot ?? '', MAX_NAME_CHARS),
    data: data.length <= MAX_DATA_CHARS ? data : canonicalJson({ cut: true, chars: data.length }),
    schema: SCHEMA,
  };
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)} … (${text.length - chars} more characters)`;
}
